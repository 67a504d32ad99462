/// Decoders with a classifier instead of a language model's head, against Hugging Face's own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <fstream>
#include <sstream>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "tessera/classification.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/runtime/api/golden_cases.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using tessera::test::TemporaryFolder;
using ::testing::HasSubstr;
using Ids = std::vector<int64_t>;

constexpr double kTolerance = 2e-5;  // of the tensor's range, tests/golden/README.md
constexpr int64_t kLabels = 5;

/// A folder of tests/data/models as a classifier: another class, labels, the tensor score.weight.
class Classifier {
 public:
  Classifier(const std::string& model, const json::object& more) {
    const fs::path source = model_folder(model);
    for (const fs::directory_entry& entry : fs::directory_iterator(source)) {
      const std::string name = entry.path().filename().string();
      if (name.find("safetensors") == std::string::npos && name != "config.json")
        fs::copy_file(entry.path(), folder_.path() / name);
    }
    write_config(source, more);
    write_weights(source);
  }

  std::string path() const { return folder_.path().string(); }
  float score(int64_t label, int64_t k) const { return std::sin(static_cast<float>(3 * k + 7 * label)); }

 private:
  void write_config(const fs::path& source, const json::object& more) {
    std::stringstream text;
    text << std::ifstream(source / "config.json").rdbuf();
    json::object config = json::parse(text.str()).as_object();
    std::string name(config.at("architectures").at(0).as_string());
    name = name.substr(0, name.find(name.find("LMHead") == std::string::npos ? "For" : "LMHead"));
    config["architectures"] = json::array{name + "ForSequenceClassification"};
    config["id2label"] = {{"0", "anger"}, {"1", "fear"}, {"2", "joy"}, {"3", "love"}, {"4", "surprise"}};
    config["pad_token_id"] = nullptr;
    for (const auto& [key, value] : more) config[key] = value;
    const bool gpt2 = config.contains("n_embd");
    hidden_size_ = config.at(gpt2 ? "n_embd" : "hidden_size").as_int64();
    std::ofstream(folder_.path() / "config.json") << json::serialize(config);
  }

  void write_weights(const fs::path& source) {
    std::vector<SafetensorsFile> files;
    for (const fs::directory_entry& entry : fs::directory_iterator(source)) {
      if (entry.path().extension() == ".safetensors") files.push_back(SafetensorsFile::open(entry.path()));
    }
    SafetensorsWriter writer(folder_.path() / "model.safetensors");
    writer.declare("score.weight", DType::kF32, {kLabels, hidden_size_});
    for (const SafetensorsFile& file : files) {
      for (const StoredTensor& t : file.tensors()) writer.declare(t.name, t.dtype, t.dims);
    }
    for (int64_t label = 0; label < kLabels; ++label) {
      for (int64_t k = 0; k < hidden_size_; ++k) writer.append_floats(std::vector<float>{score(label, k)});
    }
    for (const SafetensorsFile& file : files) {
      for (const StoredTensor& t : file.tensors()) writer.append(file.bytes(t));
    }
    writer.finish();
  }

  TemporaryFolder folder_;
  int64_t hidden_size_ = 0;
};

/// What Hugging Face's classifier gives for a case (tests/golden/make_decoder_classification.py).
NamedTensor expected_logits(const std::string& model, const std::string& name_of_case) {
  std::stringstream text;
  text << std::ifstream(fs::path(std::getenv("TESSERA_TEST_DATA")) / "golden" / "decoder-classification.json")
              .rdbuf();
  const json::value golden = json::parse(text.str());
  return {"logits", {kLabels}, json::value_to<std::vector<float>>(golden.at(model).at(name_of_case))};
}

NamedTensor logits(AutoModel& model, const Ids& ids) {
  const std::vector<NamedTensor> outputs = model.forward(ids);
  EXPECT_EQ(outputs.size(), 1U);
  return outputs.front();
}

class DecoderClassificationGolden : public ::testing::TestWithParam<std::string> {};

TEST_P(DecoderClassificationGolden, EqualsHuggingFace) {
  const Classifier classifier(GetParam(), {});
  for (const bool reference : {false, true}) {
    AutoModel model = AutoModel::from_pretrained(classifier.path());
    EXPECT_EQ(model.info().task, "sequence-classification");
    model.compile({.reference = reference});
    for (const GoldenCase& c : golden_cases(GetParam())) {
      EXPECT_LE(relative_difference(logits(model, c.input_ids), expected_logits(GetParam(), c.name)),
                kTolerance)
          << c.name << (reference ? ", plain" : ", fused");
    }
  }
}

TEST_P(DecoderClassificationGolden, PaddingIsNotTheLastToken) {
  const Ids ids = golden_cases(GetParam()).at(1).input_ids;
  const int64_t pad = ids[0] == 7 ? 8 : 7;
  ASSERT_EQ(std::count(ids.begin(), ids.end(), pad), 0);
  Ids padded = ids;
  padded.insert(padded.end(), 3, pad);
  const Classifier with_pad(GetParam(), {{"pad_token_id", pad}}), without(GetParam(), {}),
      minus_one(GetParam(), {{"pad_token_id", -1}});
  AutoModel model = AutoModel::from_pretrained(with_pad.path());
  AutoModel plain = AutoModel::from_pretrained(without.path());
  AutoModel negative = AutoModel::from_pretrained(minus_one.path());
  const NamedTensor expected = logits(plain, ids);
  EXPECT_EQ(logits(model, padded).data, expected.data);
  EXPECT_LE(relative_difference(logits(model, padded), expected_logits(GetParam(), "padded")), kTolerance);
  EXPECT_EQ(logits(model, ids).data, expected.data);
  EXPECT_EQ(logits(negative, ids).data, expected.data);
  EXPECT_NE(logits(plain, padded).data, expected.data);  // the last position, whatever stands there
  EXPECT_EQ(logits(model, {pad, pad}).data, logits(plain, {pad}).data);  // nothing but padding: the first
}

TEST_P(DecoderClassificationGolden, RowsOfABatchMayBePaddedOnEitherSide) {
  const Classifier classifier(GetParam(), {{"pad_token_id", 7}});
  LoadedModel loaded(classifier.path(), {});
  const CompiledModel compiled(loaded, {});
  plugin::Session session =
      compiled.program().create_session({.slots = 0, .ctx_len = 64, .max_rows = 64, .options = {}});
  Ids ids = {7, 7, 20, 21, 22, 23, 24, 25, 26, 7}, positions = {-1, -1, 0, 1, 2, 0, 1, 2, 3, -1};
  std::vector<float> out(2 * kLabels);
  session.run({{"input_ids", graph::DataType::kInt64, {2, 5}, ids.data(), ids.size() * 8},
               {"position_ids", graph::DataType::kInt64, {2, 5}, positions.data(), positions.size() * 8}},
              {{"logits", graph::DataType::kFloat, {2, kLabels}, out.data(), out.size() * 4}});
  AutoModel model = AutoModel::from_pretrained(classifier.path());
  std::vector<float> alone = logits(model, {20, 21, 22}).data;
  const std::vector<float> second = logits(model, {23, 24, 25, 26}).data;
  alone.insert(alone.end(), second.begin(), second.end());
  EXPECT_EQ(out, alone);
}

INSTANTIATE_TEST_SUITE_P(Decoders, DecoderClassificationGolden,
                         ::testing::Values("gpt2-tiny", "llama3-tiny", "mistral-tiny"),
                         [](const auto& info) { return info.param.substr(0, info.param.find('-')); });

TEST(DecoderClassification, ClassifiesTextsAloneAsAmongOthers) {
  const Classifier classifier("llama3-tiny", {});
  auto model = AutoModelForSequenceClassification::from_pretrained(classifier.path());
  EXPECT_EQ(model.labels(), (std::vector<std::string>{"anger", "fear", "joy", "love", "surprise"}));
  const std::vector<TextInput> texts = {{"In the beginning"}, {"And God said, Let there be light."}, {"a"}};
  const std::vector<std::vector<LabelScore>> together = model.classify(texts);
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::vector<LabelScore> alone = model.classify({texts[i]}).front();
    ASSERT_EQ(alone.size(), together[i].size());
    float sum = 0;
    for (size_t j = 0; j < alone.size(); ++j) {
      EXPECT_EQ(alone[j].label, together[i][j].label);
      EXPECT_EQ(alone[j].score, together[i][j].score);
      EXPECT_GE(alone[j > 0 ? j - 1 : 0].score, alone[j].score);
      sum += alone[j].score;
    }
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST(DecoderClassification, ALanguageModelIsNoClassifier) {
  const Error error = error_of(
      [] { AutoModelForSequenceClassification::from_pretrained(model_folder("llama3-tiny").string()); });
  EXPECT_THAT(error.what(), HasSubstr("'score.weight' is missing, expected ["));
}

TEST(DecoderClassification, ItsCheckpointStillHoldsTheLanguageModel) {
  const Classifier classifier("llama3-tiny", {});
  const LoadedModel loaded(classifier.path(), {.task = "causal-lm"});
  EXPECT_EQ(loaded.facts().task, "causal-lm");
}

}  // namespace
}  // namespace tessera::test
