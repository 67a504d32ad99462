/// Encoders through the stand-in in float32 against Hugging Face's own code: hidden states, heads, pooling in
/// the program, and the sequence length that a text gets.
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/json/json.hpp"
#include "tessera/auto_model.hpp"
#include "tessera/classification.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sentence_transformer.hpp"
#include "tests/plugins/qaic/runtime/card_model.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::qaic {
namespace {

constexpr double kGoldenTolerance = 2e-5;  // of the tensor's range, tests/golden/README.md

struct EncoderCase {
  std::string name;
  TextInput text;
  std::vector<int64_t> ids, types;
};

std::vector<int64_t> numbers(const boost::json::value& list) {
  std::vector<int64_t> values;
  for (const auto& value : list.as_array()) values.push_back(value.as_int64());
  return values;
}

std::string text_of(const boost::json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : std::string();
}

std::vector<EncoderCase> encoder_cases(const std::string& model) {
  std::vector<EncoderCase> cases;
  const boost::json::value all = parse_json(golden_text(model + "/cases.json"), model);
  for (const auto& value : all.as_array())
    cases.push_back({text_of(value.at("name")),
                     {text_of(value.at("text")), text_of(value.at("text_pair"))},
                     numbers(value.at("input_ids")),
                     numbers(value.at("token_type_ids"))});
  return cases;
}

/// For the stand-in, in float32, with the lengths of the goldens.
CompileOptions encoder_options(std::vector<std::pair<std::string, std::string>> options = {}) {
  CompileOptions compile;
  compile.backend = "qaic";
  compile.num_cores = 4;
  compile.backend_options = std::move(options);
  for (const auto& [name, value] : {std::pair<std::string, std::string>("sdk", standin_sdk()),
                                    {"precision", "fp32"},
                                    {"seq-len", "16,32,64,128,256"},
                                    {"token-type-ids", "true"}})
    compile.backend_options.emplace_back(name, value);
  return compile;
}

template <typename Model = AutoModel>
Model compiled_encoder(const std::string& name, const CompileOptions& options) {
  Model model = Model::from_pretrained(test::model_folder(name).string());
  model.compile(options);
  return model;
}

class EncoderGoldenNumerics : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, EncoderGoldenNumerics,
                         testing::Values("bert-tiny-embed", "bert-tiny-embed-dense", "bert-tiny-mlm",
                                         "bert-tiny-cls", "bert-tiny-ner"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(EncoderGoldenNumerics, OutputsEqualHuggingFace) {
  AutoModel model = compiled_encoder(GetParam(), encoder_options());
  double worst = 0;
  for (const EncoderCase& c : encoder_cases(GetParam())) {
    size_t compared = 0;
    for (const NamedTensor& tensor : model.forward(c.ids, c.types)) {
      const NamedTensor golden = test::golden_tensor(GetParam(), c.name, tensor.name);
      if (golden.data.empty()) continue;
      const double difference = test::relative_difference(tensor, golden);
      EXPECT_LE(difference, kGoldenTolerance) << c.name << ' ' << tensor.name;
      worst = std::max(worst, difference);
      ++compared;
    }
    EXPECT_GE(compared, 1U) << c.name;
  }
  std::printf("largest difference: %.2e of the range\n", worst);
}

// Texts of one compiled length run in the rows of one call, two batches of it at once; order does not change.
TEST(EncoderRows, OfOneLengthRunTogether) {
  AutoModel model = compiled_encoder("bert-tiny-embed", encoder_options({{"batch-size", "2"}}));
  const std::vector<EncoderCase> cases = encoder_cases("bert-tiny-embed");
  std::vector<TextInput> texts;
  std::map<int64_t, size_t> at_length;
  for (const EncoderCase& c : cases) {
    texts.push_back(c.text);
    int64_t length = 16;
    while (length < static_cast<int64_t>(c.ids.size())) length *= 2;
    ++at_length[length];
  }
  size_t expected_calls = 0, calls = 0;
  for (const auto& [length, count] : at_length) expected_calls += (count + 3) / 4;
  TextRunOptions options;
  options.progress = [&](std::string_view, uint64_t, uint64_t) { return ++calls > 0; };
  const std::vector<std::vector<NamedTensor>> results = model.forward(texts, options);
  EXPECT_EQ(calls, expected_calls);
  ASSERT_EQ(results.size(), cases.size());
  for (size_t i = 0; i < cases.size(); ++i) {
    for (const NamedTensor& tensor : results[i]) {
      const NamedTensor golden = test::golden_tensor("bert-tiny-embed", cases[i].name, tensor.name);
      ASSERT_FALSE(golden.data.empty()) << tensor.name;
      EXPECT_LE(test::relative_difference(tensor, golden), kGoldenTolerance) << cases[i].name << tensor.name;
    }
  }
}

/// What the definition makes of the golden hidden states.
NamedTensor pooled_by_hand(const std::string& mode, const NamedTensor& hidden) {
  const auto rows = static_cast<size_t>(hidden.dims[0]), width = static_cast<size_t>(hidden.dims[1]);
  NamedTensor pooled{"pooled", {hidden.dims[1]}, std::vector<float>(width)};
  for (size_t column = 0; column < width; ++column) {
    double sum = 0;
    float largest = -INFINITY;
    for (size_t row = 0; row < rows; ++row) {
      sum += hidden.data[row * width + column];
      largest = std::max(largest, hidden.data[row * width + column]);
    }
    pooled.data[column] = mode == "mean"  ? static_cast<float>(sum / static_cast<double>(rows))
                          : mode == "max" ? largest
                                          : hidden.data[column];
  }
  return pooled;
}

class PoolingNumerics : public testing::TestWithParam<const char*> {
 protected:
  static void expect_golden(AutoModel& model) {
    for (const EncoderCase& c : encoder_cases("bert-tiny-embed")) {
      const std::vector<NamedTensor> outputs = model.forward(c.ids, c.types);
      ASSERT_EQ(outputs.size(), 1U);
      EXPECT_EQ(outputs[0].name, "pooled");  // on the card it is "output"
      const NamedTensor hidden = test::golden_tensor("bert-tiny-embed", c.name, "last_hidden_state");
      EXPECT_LE(test::relative_difference(outputs[0], pooled_by_hand(GetParam(), hidden)), kGoldenTolerance)
          << c.name;
      if (GetParam() != std::string("mean")) continue;
      const NamedTensor golden = test::golden_tensor("bert-tiny-embed", c.name, "pooled");
      EXPECT_LE(test::relative_difference(outputs[0], golden), kGoldenTolerance) << c.name;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(Modes, PoolingNumerics, testing::Values("mean", "cls", "max"));

TEST_P(PoolingNumerics, OnTheCardIsThatOfTheHiddenStates) {
  AutoModel model = compiled_encoder("bert-tiny-embed", encoder_options({{"pooling", GetParam()}}));
  expect_golden(model);
}

TEST_P(PoolingNumerics, OnTheCpuToo) {
  CompileOptions options;
  options.passes = {{"pooling", {{"mode", GetParam()}}}};
  AutoModel model = compiled_encoder("bert-tiny-embed", options);
  expect_golden(model);
}

TEST(PooledEmbeddings, AreThoseOfSentenceTransformers) {
  auto model = SentenceTransformer::from_pretrained(test::model_folder("bert-tiny-embed").string());
  model.model().compile(encoder_options({{"pooling", "mean"}}));
  const std::vector<EncoderCase> cases = encoder_cases("bert-tiny-embed");
  std::vector<TextInput> texts;
  for (const EncoderCase& c : cases) texts.push_back(c.text);
  const std::vector<std::vector<float>> embeddings = model.encode(texts);
  for (size_t i = 0; i < cases.size(); ++i) {
    const NamedTensor golden = test::golden_tensor("bert-tiny-embed", cases[i].name, "embedding");
    EXPECT_LE(test::relative_difference({"embedding", golden.dims, embeddings[i]}, golden), kGoldenTolerance)
        << cases[i].name;
  }
}

TEST(PooledEmbeddings, OfAnotherPoolingAreRefused) {
  auto model = SentenceTransformer::from_pretrained(test::model_folder("bert-tiny-embed").string());
  model.model().compile(encoder_options({{"pooling", "max"}}));
  try {
    model.encode({{"A king."}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.key_name(), "pooling");
    EXPECT_EQ(error.message(), "the compiled graph pools tokens by 'max', these embeddings want 'mean'");
  }
}

TEST(CardClassifier, GivesHuggingFacesLabelsAndProbabilities) {
  auto model = compiled_encoder<AutoModelForSequenceClassification>("bert-tiny-cls",
                                                                    encoder_options({{"batch-size", "2"}}));
  const boost::json::value all = parse_json(golden_text("bert-tiny-cls/cases.json"), "bert-tiny-cls");
  for (const auto& value : all.as_array()) {
    const auto scores = model.classify({{text_of(value.at("text")), text_of(value.at("text_pair"))}}).front();
    EXPECT_EQ(scores.front().label, text_of(value.at("label"))) << text_of(value.at("name"));
    const boost::json::array& probabilities = value.at("probabilities").as_array();
    const double largest =
        std::max_element(probabilities.begin(), probabilities.end(), [](const auto& a, const auto& b) {
          return a.as_double() < b.as_double();
        })->as_double();
    EXPECT_NEAR(scores.front().score, largest, 2e-5) << text_of(value.at("name"));
  }
}

// The smallest compiled length that holds the text; one beyond all is refused, not cut.
TEST(EncoderLengths, TheSmallestThatHoldsTheText) {
  const CardModel compiled({.model = "bert-tiny-cls", .encoder_lengths = {16, 32, 64}});
  const auto program = compiled.program();
  const CompiledShapes& shapes = program->shapes();
  EXPECT_EQ(shapes.choose({1, 1}).columns, 16);
  EXPECT_EQ(shapes.choose({1, 16}).columns, 16);
  EXPECT_EQ(shapes.choose({1, 17}).columns, 32);
  EXPECT_EQ(shapes.choose({1, 64}).columns, 64);
  EXPECT_THROW(shapes.choose({1, 65}), Error);
  const auto session = program->create_session({0, 0, 1, {}});
  try {
    run_encoder(*session, "logits", std::vector<int64_t>(65, 5), 1, {1, 3});
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(error.message().find("no shape for 1 rows of 65 tokens; it has [1, 16], [1, 32], [1, 64]"),
              std::string::npos)
        << error.message();
  }
}

// What a length adds is padding that no row sees: each gives the same.
TEST(EncoderLengths, EachGivesTheSame) {
  const std::vector<int64_t> ids = {11, 373, 368, 1043, 12};
  std::vector<std::vector<float>> results;
  for (const int64_t length : {8, 40}) {
    const CardModel compiled(
        {.model = "bert-tiny-embed", .encoder_lengths = {length}, .encoder_batch = 2, .pooling = "mean"});
    const auto program = compiled.program();
    const auto session = program->create_session({0, 0, 1, {}});
    results.push_back(run_encoder(*session, "output", ids, 1, {1, 128}));
  }
  for (size_t i = 0; i < results[0].size(); ++i) ASSERT_NEAR(results[0][i], results[1][i], 1e-5f) << i;
}

}  // namespace
}  // namespace tessera::qaic
