// What folders of sentence-transformers say, in both spellings, and what is refused.
#include "runtime/encoder/sentence_folder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kModules = R"([
  {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
  {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}])";

class Folder : public ::testing::Test {
 protected:
  void write(const std::string& file, const std::string& text) {
    fs::create_directories((folder_.path() / file).parent_path());
    std::ofstream(folder_.path() / file, std::ios::binary) << text;
  }
  void write_pooling(const std::string& config) {
    write("modules.json", kModules);
    write("1_Pooling/config.json", config);
  }
  SentenceFolder read() { return read_sentence_folder(folder_.path()); }
  std::vector<PoolingMode> modes() { return read().pooling->modes; }
  std::string refused() {
    try {
      read();
    } catch (const Error& error) {
      return error.message();
    }
    return "not refused";
  }

  test::TemporaryFolder folder_;
};

TEST_F(Folder, SaysNothingWhenItHasNoFiles) {
  EXPECT_FALSE(read().pooling.has_value());
}

TEST_F(Folder, NamesModesByFlagsOrByNames) {
  write_pooling(R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false})");
  EXPECT_THAT(modes(), ElementsAre(PoolingMode::kCls));
  // Mean is on unless the file says otherwise.
  write_pooling(R"({"pooling_mode_cls_token": true})");
  EXPECT_THAT(modes(), ElementsAre(PoolingMode::kCls, PoolingMode::kMean));
  write_pooling(R"({"pooling_mode": "lasttoken"})");
  EXPECT_THAT(modes(), ElementsAre(PoolingMode::kLastToken));
  // In the library's order, not the file's.
  write_pooling(R"({"pooling_mode": ["mean", "cls"], "include_prompt": false})");
  EXPECT_THAT(modes(), ElementsAre(PoolingMode::kCls, PoolingMode::kMean));
  EXPECT_FALSE(read().pooling->include_prompt);
}

TEST_F(Folder, WhosePoolingNamesNoModeSaysNothing) {
  write_pooling(R"({"word_embedding_dimension": 8})");
  EXPECT_FALSE(read().pooling.has_value());
}

TEST_F(Folder, ReadsLengthPromptsAndSimilarity) {
  write_pooling(R"({"pooling_mode": "mean"})");
  write("sentence_bert_config.json", R"({"max_seq_length": 12, "do_lower_case": true})");
  write("config_sentence_transformers.json",
        R"({"prompts": {"query": "query: "}, "default_prompt_name": "query", "similarity_fn_name": "dot"})");
  const SentenceFolder folder = read();
  EXPECT_EQ(folder.max_seq_length, 12);
  EXPECT_TRUE(folder.do_lower_case);
  EXPECT_EQ(folder.prompts.at("query"), "query: ");
  EXPECT_EQ(folder.default_prompt_name, "query");
  EXPECT_EQ(folder.similarity_fn_name, "dot");
}

TEST_F(Folder, OfVersion6IsReadToo) {
  const SentenceFolder folder = read_sentence_folder(fs::path(std::getenv("TESSERA_TEST_DATA")) / "data" /
                                                     "models" / "bert-tiny-embed-dense");
  EXPECT_THAT(folder.pooling->modes, ElementsAre(PoolingMode::kMean));
  ASSERT_EQ(folder.dense.size(), 1U);
  EXPECT_EQ(folder.dense[0].out_features(), 48);
  EXPECT_TRUE(folder.normalize);
  EXPECT_FALSE(folder.max_seq_length.has_value());
}

TEST_F(Folder, WithWhatIsNotUnderstoodIsRefused) {
  write("modules.json", "{}");
  EXPECT_THAT(refused(), HasSubstr("expected a list of modules"));
  write("modules.json", R"([{"path": ""}])");
  EXPECT_THAT(refused(), HasSubstr("module 0 has no 'type' and 'path'"));
  write("modules.json", R"([{"path": "", "type": "sentence_transformers.models.CNN"}])");
  EXPECT_THAT(refused(), HasSubstr("the module CNN is not implemented"));
  write("modules.json", R"([{"path": "../x", "type": "sentence_transformers.models.Pooling"}])");
  EXPECT_THAT(refused(), HasSubstr("leaves the folder"));
  write("modules.json", R"([{"path": "", "type": "x.Transformer"}, {"path": "1", "type": "x.Normalize"}])");
  EXPECT_THAT(refused(), HasSubstr("Normalize before the pooling"));
  write_pooling(R"({"pooling_mode": "middle"})");
  EXPECT_THAT(refused(), HasSubstr("no pooling mode 'middle'"));
  write_pooling(R"({"pooling_mode_cls_token": "yes"})");
  EXPECT_THAT(refused(), HasSubstr("'pooling_mode_cls_token' is a string"));
  write_pooling("{");
  EXPECT_NE(refused(), "not refused");
  write_pooling(R"({"pooling_mode": "mean"})");
  write("sentence_bert_config.json", R"({"max_seq_length": 0})");
  EXPECT_THAT(refused(), HasSubstr("'max_seq_length'"));
}

TEST_F(Folder, WithADenseLayerThatDoesNotFitIsRefused) {
  write("modules.json", R"([{"path": "", "type": "x.Transformer"}, {"path": "1_Pooling", "type": "x.Pooling"},
                            {"path": "2_Dense", "type": "x.Dense"}])");
  write("1_Pooling/config.json", R"({"pooling_mode": "mean"})");
  write("2_Dense/config.json",
        R"({"in_features": 2, "out_features": 3, "activation_function": "torch.nn.Swish"})");
  EXPECT_THAT(refused(), HasSubstr("the activation 'torch.nn.Swish' is not implemented"));
  write("2_Dense/config.json",
        R"({"in_features": 2, "out_features": 3, "module_input_name": "token_embeddings"})");
  EXPECT_THAT(refused(), HasSubstr("'module_input_name'"));
  write("2_Dense/config.json", R"({"in_features": 0, "out_features": 3})");
  EXPECT_THAT(refused(), HasSubstr("'in_features' is missing or no size"));
  write("2_Dense/config.json", R"({"in_features": 2, "out_features": 3})");
  write("2_Dense/pytorch_model.bin", "x");
  EXPECT_THAT(refused(), HasSubstr("not in safetensors"));
}

}  // namespace
}  // namespace tessera
