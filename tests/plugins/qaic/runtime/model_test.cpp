/// The three steps of a user, through the backend plugin: load, compile, execute.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>

#include "core/json/json.hpp"
#include "tessera/auto_model.hpp"
#include "tessera/model.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/plugins/qaic/runtime/card_model.hpp"

namespace tessera::qaic {
namespace {

std::string folder_of(const std::string& model) {
  return std::string(std::getenv("TESSERA_TEST_DATA")) + "/data/models/" + model;
}

CompileOptions on_standin(std::vector<std::pair<std::string, std::string>> options = {}) {
  CompileOptions compile;
  compile.backend = "qaic";
  compile.num_cores = 4;
  compile.backend_options = std::move(options);
  compile.backend_options.emplace_back("sdk", standin_sdk());
  compile.backend_options.emplace_back("precision", "fp32");
  return compile;
}

TEST(QaicModel, WritesTheGoldenTokens) {
  auto model = AutoModelForCausalLM::from_pretrained(folder_of("llama-stories260k"));
  CompileOptions options = on_standin({{"full-batch-size", "3"}, {"prefill-seq-len", "16"}});
  options.ctx_len = 512;
  model.compile(options);
  std::vector<Prompt> prompts;
  std::vector<std::vector<int64_t>> expected;
  const boost::json::value cases = parse_json(golden_text("llama-stories260k/cases.json"), "cases");
  for (const auto& golden : cases.as_array()) {
    std::vector<int64_t> ids, tokens;
    for (const auto& id : golden.at("input_ids").as_array()) ids.push_back(id.as_int64());
    for (const auto& id : golden.at("continuation_ids").as_array()) tokens.push_back(id.as_int64());
    prompts.emplace_back(ids);
    tokens.resize(std::min<size_t>(tokens.size(), 24));
    expected.push_back(std::move(tokens));
  }
  GenerateOptions generate;
  generate.max_new_tokens = 24;
  generate.ignore_eos = true;
  const std::vector<GenerateResult> results = model.generate(prompts, generate);  // more prompts than slots
  ASSERT_EQ(results.size(), expected.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const std::vector<int64_t>& made = results[i].tokens;
    ASSERT_LE(expected[i].size(), made.size()) << i;
    EXPECT_TRUE(std::equal(expected[i].begin(), expected[i].end(), made.begin())) << i;
  }
}

TEST(QaicModel, RefusesAPromptThatIsLongerThanItsContext) {
  auto model = AutoModelForCausalLM::from_pretrained(folder_of("llama-stories260k"));
  model.compile(on_standin({{"ctx-len", "32"}, {"prefill-seq-len", "8"}}));
  try {
    model.generate(Prompt(std::vector<int64_t>(33, 5)));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("33 tokens, the context holds 32"), std::string::npos) << error.message();
  }
}

// Its noise is its own: what the engine promises of seeds could not hold.
TEST(QaicModel, RefusesToGenerateWithASamplerOnTheCard) {
  auto model = AutoModelForCausalLM::from_pretrained(folder_of("llama-stories260k"));
  model.compile(on_standin({{"include-sampler", "true"}, {"full-batch-size", "2"}}));
  try {
    model.generate(Prompt(std::vector<int64_t>{1, 2, 3}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotSupported);
    EXPECT_EQ(error.key_name(), "include-sampler");
    EXPECT_NE(error.message().find("draws tokens itself (pass device-sampler)"), std::string::npos)
        << error.message();
  }
}

TEST(QaicModel, GivesAnEncodersHiddenStates) {
  auto exact = AutoModel::from_pretrained(folder_of("bert-tiny-embed"));
  auto model = AutoModel::from_pretrained(folder_of("bert-tiny-embed"));
  model.compile(on_standin({{"seq-len", "16,32"}}));
  const std::vector<int64_t> ids = {2, 17, 80, 45, 3};
  const NamedTensor expected = exact.forward(ids).front(), actual = model.forward(ids).front();
  EXPECT_EQ(actual.name, "last_hidden_state");  // on the card it is "output"
  ASSERT_EQ(actual.dims, expected.dims);
  for (size_t i = 0; i < actual.data.size(); ++i) ASSERT_NEAR(actual.data[i], expected.data[i], 1e-4) << i;
}

TEST(QaicModel, RefusesTokenTypesThatTheGraphLeftOut) {
  const std::vector<int64_t> ids = {2, 17, 3, 80, 3}, types = {0, 0, 0, 1, 1};
  auto exact = AutoModel::from_pretrained(folder_of("bert-tiny-embed"));
  auto model = AutoModel::from_pretrained(folder_of("bert-tiny-embed"));
  model.compile(on_standin());
  try {
    model.forward(ids, types);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.key_name(), "token_type_ids");
  }
  model.compile(on_standin({{"token-type-ids", "true"}}));
  const NamedTensor expected = exact.forward(ids, types).front(), actual = model.forward(ids, types).front();
  for (size_t i = 0; i < actual.data.size(); ++i) ASSERT_NEAR(actual.data[i], expected.data[i], 1e-4) << i;
}

TEST(QaicModel, LeavesNothingOfAFailedCompilation) {
  const StandInScript script("compile exit 7\n");
  const test::TemporaryFolder folder;
  auto model = AutoModelForCausalLM::from_pretrained(folder_of("llama-stories260k"));
  try {
    model.compile(on_standin({{"output-dir", (folder / "out").string()}}));
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("exit code 7"), std::string::npos) << error.message();
  }
  EXPECT_FALSE(std::filesystem::exists(folder / "out"));
}

}  // namespace
}  // namespace tessera::qaic
