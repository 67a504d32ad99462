/// BERT checkpoints against Hugging Face's own code: every output and hidden state at every position, labels,
/// masks and embeddings; the same bits alone and side by side.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "tessera/auto_model.hpp"
#include "tessera/classification.hpp"
#include "tessera/fill_mask.hpp"
#include "tessera/question_answering.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sentence_transformer.hpp"
#include "tessera/system.hpp"
#include "tests/runtime/api/golden_cases.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
using tessera::test::TemporaryFolder;
namespace json = boost::json;

constexpr double kTolerance = 2e-5;  // of the tensor's range, tests/golden/README.md

fs::path golden_folder(const std::string& model) {
  return fs::path(std::getenv("TESSERA_TEST_DATA")) / "golden" / model;
}

json::array read_cases(const std::string& model) {
  std::stringstream text;
  text << std::ifstream(golden_folder(model) / "cases.json").rdbuf();
  return json::parse(text.str()).as_array();
}

std::string text_or_empty(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

TextInput input_of(const json::value& c) {
  return {text_or_empty(c.at("text")), text_or_empty(c.at("text_pair"))};
}

std::vector<TextInput> inputs_of(const json::array& cases) {
  std::vector<TextInput> inputs;
  for (const json::value& c : cases) inputs.push_back(input_of(c));
  return inputs;
}

void expect_same_bits(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b,
                      const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].dims, b[i].dims);
    EXPECT_EQ(std::memcmp(a[i].data.data(), b[i].data.data(), a[i].data.size() * sizeof(float)), 0)
        << a[i].name << ", " << what;
  }
}

std::vector<std::string> tiers() {
  std::vector<std::string> names;
  for (const BackendInfo& backend : inspect_system().backends) {
    for (const auto& [key, value] : backend.properties) {
      if (backend.id != "cpu" || key != "isa.available") continue;
      std::stringstream text(value);
      for (std::string name; std::getline(text, name, ',');) {
        name.erase(0, name.find_first_not_of(' '));
        names.push_back(name);
      }
    }
  }
  return names;
}

class EncoderGolden : public ::testing::TestWithParam<std::string> {
 protected:
  static AutoModel load(const CompileOptions& options) {
    AutoModel model = AutoModel::from_pretrained(model_folder(GetParam()).string());
    model.compile(options);
    return model;
  }

  /// Compares all tensors that the golden has; returns the largest relative difference.
  static double compare(const json::value& c, const std::vector<NamedTensor>& tensors) {
    const std::string name(c.at("name").as_string());
    double largest = 0;
    size_t compared = 0;
    for (const NamedTensor& tensor : tensors) {
      const NamedTensor golden = golden_tensor(GetParam(), name, tensor.name);
      if (golden.data.empty()) continue;
      const double difference = relative_difference(tensor, golden);
      EXPECT_LE(difference, kTolerance) << name << ' ' << tensor.name;
      largest = std::max(largest, difference);
      ++compared;
    }
    EXPECT_GE(compared, 3U) << name;  // an output, first and last hidden state at least
    return largest;
  }

  const json::array cases_ = read_cases(GetParam());
};

TEST_P(EncoderGolden, PackedSequencesEqualHuggingFace) {
  AutoModel model = load({.expose_values = {"hidden.*"}});
  const std::vector<std::vector<NamedTensor>> results = model.forward(inputs_of(cases_));
  double largest = 0;
  for (size_t i = 0; i < cases_.size(); ++i) largest = std::max(largest, compare(cases_[i], results[i]));
  std::printf("largest difference, packed: %.2e of the range\n", largest);
}

TEST_P(EncoderGolden, PureGraphEqualsHuggingFace) {
  for (const bool reference : {true, false}) {
    // A pass that changes nothing stands for "no pass": the fused functions on the graph with mask.
    CompileOptions options{.expose_values = {"hidden.*"}, .reference = reference};
    if (!reference) options.passes = {{"constant-folding", {}}};
    AutoModel model = load(options);
    const std::vector<std::vector<NamedTensor>> results = model.forward(inputs_of(cases_));
    for (size_t i = 0; i < cases_.size(); ++i) compare(cases_[i], results[i]);
  }
}

TEST_P(EncoderGolden, ATextHasTheSameBitsAloneAndInABatch) {
  AutoModel model = load({.expose_values = {"hidden.*"}});
  const std::vector<TextInput> inputs = inputs_of(cases_);
  const std::vector<std::vector<NamedTensor>> together = model.forward(inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    expect_same_bits(together[i], model.forward({inputs[i]}).front(),
                     std::string(cases_[i].at("name").as_string()));
  }
}

TEST_P(EncoderGolden, AnyNumberOfThreadsAndAnyInstructionSetGivesTheSameBits) {
  const std::vector<TextInput> inputs = inputs_of(cases_);
  AutoModel one = load({.num_threads = 1});
  const std::vector<std::vector<NamedTensor>> expected = one.forward(inputs);
  AutoModel two = load({.num_threads = 2});
  const std::vector<std::vector<NamedTensor>> threads = two.forward(inputs);
  for (size_t i = 0; i < inputs.size(); ++i) expect_same_bits(threads[i], expected[i], "two threads");
  const std::vector<std::string> names = tiers();
  ASSERT_THAT(names, ::testing::Contains("portable"));
  // The shortest text is enough where a tier takes long.
  for (const std::string& tier : names) {
    AutoModel model = load({.isa = tier});
    expect_same_bits(model.forward({inputs.front()}).front(), expected.front(), tier);
  }
}

INSTANTIATE_TEST_SUITE_P(Bert, EncoderGolden,
                         ::testing::Values("bert-tiny-mlm", "bert-tiny-cls", "bert-tiny-ner",
                                           "bert-tiny-embed"),
                         [](const auto& info) { return info.param.substr(10); });

TEST(ClassifyGolden, GivesTheProbabilitiesOfHuggingFaceBestFirst) {
  auto model = AutoModelForSequenceClassification::from_pretrained(model_folder("bert-tiny-cls").string());
  const std::vector<std::string> labels = model.labels();
  EXPECT_THAT(labels, ::testing::ElementsAre("narrative", "poetry", "gospel"));
  const json::array cases = read_cases("bert-tiny-cls");
  const std::vector<std::vector<LabelScore>> results = model.classify(inputs_of(cases));
  for (size_t i = 0; i < cases.size(); ++i) {
    ASSERT_EQ(results[i].size(), 3U);
    EXPECT_EQ(results[i][0].label, text_or_empty(cases[i].at("label")));
    EXPECT_GE(results[i][0].score, results[i][1].score);
    for (const LabelScore& score : results[i]) {
      const auto at = std::find(labels.begin(), labels.end(), score.label) - labels.begin();
      const json::array& expected = cases[i].at("probabilities").as_array();
      EXPECT_NEAR(score.score, expected[static_cast<size_t>(at)].to_number<double>(), 1e-5);
    }
  }
}

TEST(ClassifyGolden, GivesTheTokenLabelsOfHuggingFace) {
  auto model = AutoModelForTokenClassification::from_pretrained(model_folder("bert-tiny-ner").string());
  const json::array cases = read_cases("bert-tiny-ner");
  TokenClassifyOptions options;
  options.ignore_labels = {};
  const std::vector<std::vector<Entity>> results = model.classify(inputs_of(cases), options);
  for (size_t i = 0; i < cases.size(); ++i) {
    for (const Entity& entity : results[i]) {
      const json::array& labels = cases[i].at("labels").as_array();
      EXPECT_EQ(entity.entity, text_or_empty(labels.at(static_cast<size_t>(entity.index))));
    }
  }
}

TEST(FillMaskGolden, GivesTheTokensOfHuggingFace) {
  auto model = AutoModelForMaskedLM::from_pretrained(model_folder("bert-tiny-mlm").string());
  size_t masks = 0;
  for (const json::value& c : read_cases("bert-tiny-mlm")) {
    const json::array& top5 = c.at("top5").as_array();
    if (top5.empty()) continue;
    const auto fills = model.fill_mask({input_of(c)}).front();
    ASSERT_EQ(fills.size(), top5.size());
    for (size_t m = 0; m < fills.size(); ++m, ++masks) {
      for (size_t k = 0; k < 5; ++k) {
        EXPECT_EQ(fills[m][k].token, top5[m].at("ids").as_array()[k].as_int64());
        EXPECT_EQ(fills[m][k].token_str, text_or_empty(top5[m].at("tokens").as_array()[k]));
        EXPECT_NEAR(fills[m][k].score, top5[m].at("probabilities").as_array()[k].to_number<double>(), 1e-5);
      }
    }
  }
  EXPECT_GE(masks, 5U);
}

/// Largest difference of embeddings [texts, dimensions] from `expected` of the same size.
double largest_difference(const std::vector<std::vector<float>>& embeddings,
                          const std::vector<float>& expected) {
  double largest = 0;
  size_t at = 0;
  for (const std::vector<float>& embedding : embeddings) {
    for (const float x : embedding) largest = std::max(largest, std::abs(double{x} - expected.at(at++)));
  }
  return at == expected.size() ? largest : INFINITY;
}

TEST(EmbedGolden, GivesTheEmbeddingsOfSentenceTransformers) {
  for (const char* name : {"bert-tiny-embed", "bert-tiny-embed-dense"}) {
    SentenceTransformer model = SentenceTransformer::from_pretrained(model_folder(name).string());
    const json::array cases = read_cases(name);
    std::vector<float> expected;
    for (const json::value& c : cases) {
      const NamedTensor golden = golden_tensor(name, std::string(c.at("name").as_string()), "embedding");
      expected.insert(expected.end(), golden.data.begin(), golden.data.end());
    }
    EXPECT_LE(largest_difference(model.encode(inputs_of(cases)), expected), 2e-6) << name;
  }
}

/// Cases of embeddings, `expected.safetensors` beside each folder.
TEST(EmbedGolden, GivesTheEmbeddingsOfTheCases) {
  for (const char* id : {"080-pooling-modes", "082-max-length-and-padding"}) {
    const fs::path root = fs::path(std::getenv("TESSERA_TEST_DATA")) / "data" / "cases" / id;
    std::vector<TextInput> texts;
    std::ifstream lines(root / "texts.jsonl");
    for (std::string line; std::getline(lines, line);) texts.emplace_back(text_or_empty(json::parse(line)));
    size_t folders = 0;
    for (const fs::directory_entry& folder : fs::directory_iterator(root)) {
      if (!fs::exists(folder.path() / "modules.json")) continue;
      SCOPED_TRACE(folder.path().string());
      ++folders;
      SentenceTransformer model = SentenceTransformer::from_pretrained(folder.path().string());
      const std::vector<std::vector<float>> together = model.encode(texts);
      EXPECT_LE(
          largest_difference(
              together, SafetensorsFile::open(folder.path() / "expected.safetensors").floats("embeddings")),
          1e-5);
      EXPECT_EQ(static_cast<int64_t>(together[0].size()), model.info().dimensions);
      for (size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(model.encode({texts[i]}).front(), together[i]) << i;
    }
    EXPECT_GE(folders, 2U);
  }
}

TEST(ClassifyGolden, GivesTheScoresOfACrossEncoder) {
  const fs::path root = fs::path(std::getenv("TESSERA_TEST_DATA")) / "data" / "cases" / "083-sentence-pairs";
  std::stringstream text;
  text << std::ifstream(root / "case.json").rdbuf();
  const json::value description = json::parse(text.str());
  auto model = AutoModelForSequenceClassification::from_pretrained((root / "reranker").string());
  std::vector<TextInput> pairs;
  std::vector<size_t> cut;
  for (const json::value& c : description.at("expected").as_array()) {
    const json::array& pair = c.at("pair").as_array();
    pairs.emplace_back(text_or_empty(pair[0]), text_or_empty(pair[1]));
  }
  ClassifyOptions options;
  options.on_truncated = [&](size_t index, int64_t tokens, int64_t kept) {
    cut.push_back(index);
    EXPECT_GT(tokens, 48);
    EXPECT_EQ(kept, 48);
  };
  const std::vector<std::vector<LabelScore>> results = model.classify(pairs, options);
  for (size_t i = 0; i < pairs.size(); ++i) {
    EXPECT_NEAR(results[i].front().score, description.at("expected").at(i).at("score").to_number<double>(),
                1e-5);
  }
  EXPECT_THAT(cut, ::testing::ElementsAre(4)) << "what is cut is told";
}

/// The encoder of the token classifier with a head of two numbers a token.
class QuestionAnswering : public ::testing::Test {
 protected:
  QuestionAnswering() {
    const fs::path source = model_folder("bert-tiny-ner");
    for (const char* file : {"tokenizer.json", "tokenizer_config.json"})
      fs::copy(source / file, folder_.path());
    std::ofstream(folder_.path() / "config.json")
        << R"({"model_type": "bert", "architectures": ["BertForQuestionAnswering"], "vocab_size": 1500,
               "hidden_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 384,
               "max_position_embeddings": 256})";
    const SafetensorsFile stored = SafetensorsFile::open(source / "model.safetensors");
    SafetensorsWriter writer(folder_.path() / "model.safetensors");
    std::vector<float> weight(2 * 128);
    for (size_t i = 0; i < weight.size(); ++i) weight[i] = std::sin(static_cast<float>(7 * i));
    writer.declare("qa_outputs.weight", DType::kF32, {2, 128});
    writer.declare("qa_outputs.bias", DType::kF32, {2});
    for (const StoredTensor& tensor : stored.tensors()) {
      if (!tensor.name.starts_with("classifier.")) writer.declare(tensor.name, tensor.dtype, tensor.dims);
    }
    writer.append_floats(weight);
    writer.append_floats(std::vector<float>{0.5f, -0.5f});
    for (const StoredTensor& tensor : stored.tensors()) {
      if (!tensor.name.starts_with("classifier.")) writer.append(stored.bytes(tensor));
    }
    writer.finish();
  }

  AutoModelForQuestionAnswering load(bool reference) {
    auto model = AutoModelForQuestionAnswering::from_pretrained(folder_.path().string());
    model.compile({.reference = reference});
    return model;
  }

  TemporaryFolder folder_;
};

TEST_F(QuestionAnswering, FindsTheSameAnswersOnThePackedAndThePureGraph) {
  std::string context;
  for (int i = 0; i < 90; ++i) context += "And \xC3\x89lijah went unto the king of Israel. ";
  const std::vector<TextInput> inputs = {{"Who went?", "And Moses went unto Pharaoh."},
                                         {"Who went?", context}};
  AnswerOptions options;
  options.top_k = 3;
  auto packed = load(false), pure = load(true);
  const auto answers = packed.answer(inputs, options), expected = pure.answer(inputs, options);
  for (size_t i = 0; i < inputs.size(); ++i) {
    ASSERT_EQ(answers[i].size(), 3U);
    for (size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(answers[i][k].score, expected[i][k].score, 1e-5);
      EXPECT_FALSE(answers[i][k].answer.empty());
      EXPECT_NE(inputs[i].pair.find(answers[i][k].answer), std::string::npos);
    }
    EXPECT_EQ(answers[i][0].start, expected[i][0].start);
    EXPECT_EQ(answers[i][0].answer, expected[i][0].answer);
    EXPECT_EQ(packed.answer({inputs[i]}, options).front()[0].score, answers[i][0].score) << "alone";
  }
}

TEST_F(QuestionAnswering, WantsAContext) {
  auto model = load(false);
  EXPECT_THROW(model.answer({TextInput("Who went?")}), Error);
}

}  // namespace
}  // namespace tessera::test
