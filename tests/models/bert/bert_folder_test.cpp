// What a folder may lack, what it may have too much, and what is refused in words that say what to do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "models/bert/bert.hpp"
#include "tensor_directory.hpp"
#include "tessera/sdk/edit.hpp"

namespace tessera::bert {
namespace {

using graph::DataType;
using models::ListeningHost;
using models::TensorDirectory;
using testing::HasSubstr;

// A BERT of one layer: hidden 6, 2 heads of 3, inner 5, vocabulary 10, 7 positions.
std::string config(const std::string& more = {}) {
  return R"({"model_type": "bert", "vocab_size": 10, "hidden_size": 6, "num_hidden_layers": 1,
             "num_attention_heads": 2, "intermediate_size": 5, "max_position_embeddings": 7)" +
         more + "}";
}

struct Names {
  std::string prefix = "bert.", weight = "weight", bias = "bias";  // of norms
};

void fill(TensorDirectory& directory, const Names& names = {}) {
  const auto add = [&](const std::string& name, std::vector<int64_t> dims) {
    directory.add(names.prefix + name, DataType::kFloat, std::move(dims));
  };
  const auto norm = [&](const std::string& name) {
    add(name + ".LayerNorm." + names.weight, {6});
    add(name + ".LayerNorm." + names.bias, {6});
  };
  const auto dense = [&](const std::string& name, int64_t out, int64_t in) {
    add(name + ".weight", {out, in});
    add(name + ".bias", {out});
  };
  add("embeddings.word_embeddings.weight", {10, 6});
  add("embeddings.position_embeddings.weight", {7, 6});
  add("embeddings.token_type_embeddings.weight", {2, 6});
  norm("embeddings");
  const std::string layer = "encoder.layer.0.";
  for (const char* name : {"query", "key", "value"}) dense(layer + "attention.self." + name, 6, 6);
  dense(layer + "attention.output.dense", 6, 6);
  norm(layer + "attention.output");
  dense(layer + "intermediate.dense", 5, 6);
  dense(layer + "output.dense", 6, 5);
  norm(layer + "output");
}

void add_dense(TensorDirectory& directory, const std::string& name, int64_t out) {
  directory.add(name + ".weight", DataType::kFloat, {out, 6});
  directory.add(name + ".bias", DataType::kFloat, {out});
}

graph::Model build(TensorDirectory& directory, const std::string& config, const std::string& task = "",
                   std::vector<std::string>* warnings = nullptr) {
  const ListeningHost host;
  graph::Model model = build_bert(config, directory.weights(), task, host.host());
  if (warnings != nullptr) *warnings = host.warnings();
  return model;
}

TEST(BertFolder, MayComeFromTheBaseClassWithOldNamesOfNorms) {
  TensorDirectory directory;
  fill(directory, {"", "gamma", "beta"});
  const graph::Model model = build(directory, config());
  EXPECT_EQ(model.graph.outputs.size(), 1U) << "no pooler, no pooler_output";
}

TEST(BertFolder, MayHoldOldBuffersAndHeadsThatTheTaskDoesNotNeed) {
  TensorDirectory directory;
  fill(directory);
  directory.add("bert.embeddings.position_ids", DataType::kInt64, {1, 7});
  add_dense(directory, "bert.pooler.dense", 6);
  add_dense(directory, "cls.seq_relationship", 2);
  directory.add("cls.predictions.bias", DataType::kFloat, {10});
  EXPECT_NO_THROW(build(directory, config()));
  add_dense(directory, "qa_outputs", 2);
  EXPECT_NO_THROW(build(directory, config(), "question-answering"));
}

TEST(BertFolder, MayStoreTheDecoderAndItsBiasTwice) {
  TensorDirectory directory;
  fill(directory);
  add_dense(directory, "cls.predictions.transform.dense", 6);
  directory.add("cls.predictions.transform.LayerNorm.weight", DataType::kFloat, {6});
  directory.add("cls.predictions.transform.LayerNorm.bias", DataType::kFloat, {6});
  directory.add("cls.predictions.bias", DataType::kFloat, {10});
  directory.add("cls.predictions.decoder.bias", DataType::kFloat, {10});
  directory.add("cls.predictions.decoder.weight", DataType::kFloat, {10, 6});
  std::vector<std::string> warnings;
  const graph::Node head = build(directory, config(), "masked-lm", &warnings).graph.nodes.back();
  EXPECT_EQ(head.inputs.at(1), "cls.predictions.decoder.weight");
  EXPECT_EQ(head.inputs.at(2), "cls.predictions.decoder.bias");
  EXPECT_EQ(warnings.size(), 1U) << "config.json ties it";
}

TEST(BertFolder, TakesTheNumberOfLabelsFromTheConfig) {
  TensorDirectory directory;
  fill(directory);
  add_dense(directory, "classifier", 4);
  EXPECT_NO_THROW(build(directory, config(R"(, "id2label": {"0": "a", "1": "b", "2": "c", "3": "d"})"),
                        "token-classification"));
  EXPECT_NO_THROW(build(directory, config(R"(, "num_labels": 4)"), "token-classification"));
}

struct Refusal {
  const char* name;
  std::function<void(TensorDirectory&)> change;
  std::string more, task;
  std::string expected;  // part of message and remedy
};
class BertRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(BertRefuses, AndSaysWhy) {
  TensorDirectory directory;
  fill(directory);
  if (GetParam().change) GetParam().change(directory);
  try {
    build(directory, config(GetParam().more), GetParam().task);
    FAIL() << "expected: " << GetParam().expected;
  } catch (const Error& error) {
    EXPECT_THAT(error.message() + "\n" + error.remedy_text(), HasSubstr(GetParam().expected));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Folder, BertRefuses,
    testing::Values(
        Refusal{"AMissingTensor",
                [](TensorDirectory& d) { d.remove("bert.encoder.layer.0.output.dense.bias"); }, "", "",
                "'bert.encoder.layer.0.output.dense.bias' is missing, expected [6]"},
        Refusal{"ATensorTooMuch",
                [](TensorDirectory& d) { d.add("bert.extra.weight", DataType::kFloat, {1}); }, "", "",
                "'bert.extra.weight' is not part of this model"},
        Refusal{"AHeadThatIsNotThere", {}, "", "sequence-classification", "'classifier.weight' is missing"},
        Refusal{"AnotherNumberOfLabels", [](TensorDirectory& d) { add_dense(d, "classifier", 3); }, "",
                "token-classification", "'classifier.weight' has shape [3, 6], expected [2, 6] (id2label"},
        Refusal{"ATaskThatItHasNot", {}, "", "causal-lm", "task 'causal-lm' is not implemented for bert"},
        Refusal{"AClassThatItHasNot",
                {},
                R"(, "architectures": ["BertForNextSentencePrediction"])",
                "",
                "'architectures' is 'BertForNextSentencePrediction'"},
        Refusal{
            "RelativePositions", {}, R"(, "position_embedding_type": "relative_key")", "", "'relative_key'"},
        Refusal{"ADecoder", {}, R"(, "is_decoder": true)", "", "'is_decoder' is true"},
        Refusal{
            "HeadsThatDoNotDivide", {}, R"(, "num_attention_heads": 4)", "", "does not divide hidden_size"},
        Refusal{"LabelsThatAreNone", {}, R"(, "id2label": {})", "", "'id2label' has no entry"},
        Refusal{"MoreLayersThanTensors",
                {},
                R"(, "num_hidden_layers": 1000)",
                "",
                "'num_hidden_layers' is 1000"}),
    [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace tessera::bert
