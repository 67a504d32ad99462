// The graph of each BERT checkpoint is valid ONNX with the names, shapes and facts that passes and backends
// rely on.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "models/bert/bert.hpp"
#include "onnx_judge.hpp"
#include "tensor_directory.hpp"
#include "tessera/sdk/edit.hpp"

namespace tessera::bert {
namespace {

using models::ListeningHost;
using models::TensorDirectory;

struct Case {
  const char* folder;
  const char* task;  // that `architectures` asks for
  std::map<std::string, std::string> outputs;
  bool leaves_pooler;  // out of the graph
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.folder;
}

graph::Model build(const std::string& folder, const std::string& task = "") {
  TensorDirectory directory;
  directory.add_folder(models::model_folder(folder));
  const ListeningHost host;
  graph::Model model = build_bert(models::config_text(folder), directory.weights(), task, host.host());
  EXPECT_TRUE(host.warnings().empty());
  return model;
}

class BertGraph : public testing::TestWithParam<Case> {};

TEST_P(BertGraph, PassesTheChecker) {
  EXPECT_NO_THROW(graph::check(build(GetParam().folder)));
}

TEST_P(BertGraph, HasTheOutputsOfItsClass) {
  const graph::Model model = build(GetParam().folder);
  const auto types = graph::infer_shapes(model);
  std::map<std::string, std::string> outputs;
  for (const graph::ValueInfo& output : model.graph.outputs) outputs[output.name] = types.at(output.name);
  EXPECT_EQ(outputs, GetParam().outputs);
  for (int i = 0; i <= 3; ++i)
    EXPECT_EQ(types.at("hidden." + std::to_string(i)), "float[batch,seq,128]") << i;
  EXPECT_EQ(types.at("position_ids"), "int64[batch,seq]");
}

TEST_P(BertGraph, TakesIdsMaskAndTypes) {
  std::vector<std::string> names;
  for (const graph::ValueInfo& input : build(GetParam().folder).graph.inputs) names.push_back(input.name);
  EXPECT_EQ(names, (std::vector<std::string>{"input_ids", "attention_mask", "token_type_ids"}));
}

TEST_P(BertGraph, StatesItsFacts) {
  const graph::Model model = build(GetParam().folder);
  EXPECT_EQ(*graph::find_metadata(model, "tessera.task"), GetParam().task);
  EXPECT_EQ(*graph::find_metadata(model, "tessera.architecture"), "bert");
  EXPECT_EQ(graph::metadata_int(model, "tessera.max_positions"), 256);
  EXPECT_EQ(graph::metadata_int(model, "tessera.vocab_size"), 1500);
  EXPECT_EQ(graph::metadata_int(model, "tessera.layers"), 3);
  EXPECT_EQ(graph::metadata_int(model, "tessera.kv_heads"), 4);
  EXPECT_EQ(graph::metadata_int(model, "tessera.head_dim"), 32);
}

TEST_P(BertGraph, UsesEveryTensorOnce) {
  TensorDirectory directory;
  directory.add_folder(models::model_folder(GetParam().folder));
  size_t external = 0;
  for (const graph::Tensor& tensor : build(GetParam().folder).graph.initializers)
    external += tensor.external ? 1 : 0;
  EXPECT_EQ(external, directory.weights().size());
}

INSTANTIATE_TEST_SUITE_P(
    Checkpoints, BertGraph,
    testing::Values(Case{"bert-tiny-mlm", "masked-lm", {{"logits", "float[batch,seq,1500]"}}, true},
                    Case{"bert-tiny-cls", "sequence-classification", {{"logits", "float[batch,3]"}}, false},
                    Case{"bert-tiny-ner", "token-classification", {{"logits", "float[batch,seq,5]"}}, true},
                    Case{"bert-tiny-embed",
                         "feature-extraction",
                         {{"last_hidden_state", "float[batch,seq,128]"},
                          {"pooler_output", "float[batch,128]"}},
                         false}),
    [](const auto& info) { return std::string(info.param.folder).substr(10); });

TEST(BertGraphTask, MayBeAnotherThanTheCheckpointSays) {
  // The base model of a classifier: its head is left aside, as Hugging Face does.
  const graph::Model model = build("bert-tiny-cls", "feature-extraction");
  EXPECT_TRUE(graph::has_output(model.graph, "last_hidden_state"));
  EXPECT_TRUE(graph::has_output(model.graph, "pooler_output"));
  // Without a pooler there is no pooler_output.
  EXPECT_FALSE(graph::has_output(build("bert-tiny-mlm", "feature-extraction").graph, "pooler_output"));
}

TEST(BertGraphNames, AreThePathsOfTheCheckpoint) {
  std::map<std::string, std::string> operators;
  for (const graph::Node& node : build("bert-tiny-mlm").graph.nodes) {
    EXPECT_TRUE(operators.emplace(node.name, node.op_type).second) << "twice: " << node.name;
    EXPECT_EQ(node.doc_string, "plugin=bert") << node.name;
  }
  EXPECT_EQ(operators["embeddings/LayerNorm"], "LayerNorm");
  EXPECT_EQ(operators["encoder/layer.2/attention/self/attention"], "BidirectionalAttention");
  EXPECT_EQ(operators["encoder/layer.2/output/dense"], "LinearBias");
  EXPECT_EQ(operators["cls.predictions/transform/dense"], "LinearBias");
  EXPECT_EQ(operators["cls.predictions/decoder"], "LinearBias");
}

TEST(BertGraphHead, IsTheWordEmbeddingWhenTied) {
  const graph::Node head = build("bert-tiny-mlm").graph.nodes.back();
  EXPECT_EQ(head.inputs.at(1), "bert.embeddings.word_embeddings.weight");
  EXPECT_EQ(head.inputs.at(2), "cls.predictions.bias");
}

}  // namespace
}  // namespace tessera::bert
