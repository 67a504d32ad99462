// The builder names, types and signs what it builds, and the model it hands over is valid.
#include "tessera/sdk/builder.hpp"

#include <gtest/gtest.h>

#include <string>

#include "onnx_judge.hpp"
#include "tessera/sdk/calls.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/metadata.hpp"

namespace tessera::graph {
namespace {

// hidden.0 = embedding; hidden.1 = RMSNorm of it; logits = tied head
Model tiny_model() {
  GraphBuilder g("test", "tiny");
  const Value ids = g.input("input_ids", DataType::kInt64, {symbol("batch"), symbol("seq")});
  const ExternalData where{"model.safetensors", 7, 640};
  const Value table = g.weight("embed.weight", DataType::kFloat16, {40, 8}, where);
  Value hidden = g.rename(embedding(g, "embed_tokens", ids, table), "hidden.0");
  {
    const auto layer = g.scope("layers.0");
    const Value weight = g.weight("norm.weight", DataType::kFloat, {8}, {"model.safetensors", 647, 32});
    hidden = g.add("residual", hidden, rms_norm(g, "norm", hidden, weight, 1e-5f));
  }
  const Value head = g.weight("embed.weight", DataType::kFloat16, {40, 8}, where);
  g.output(g.rename(linear(g, "head", hidden, head), "logits"));
  g.metadata(metadata::kLayers, 1);
  return std::move(g).finish();
}

TEST(GraphBuilder, NamesNodesByTheirScope) {
  const Model model = tiny_model();
  std::vector<std::string> names;
  for (const Node& node : model.graph.nodes) names.push_back(node.name);
  EXPECT_EQ(names, (std::vector<std::string>{"embed_tokens", "layers.0/norm", "layers.0/residual", "head"}));
  EXPECT_EQ(model.graph.nodes[1].outputs, std::vector<std::string>{"layers.0/norm"});
}

TEST(GraphBuilder, SignsEveryNodeWithThePlugin) {
  for (const Node& node : tiny_model().graph.nodes) EXPECT_EQ(node.doc_string, "plugin=test") << node.name;
}

TEST(GraphBuilder, DeclaresEveryValue) {
  const Model model = tiny_model();
  for (const Node& node : model.graph.nodes) {
    for (const std::string& output : node.outputs)
      EXPECT_NE(find_value(model.graph, output), nullptr) << output;
  }
  EXPECT_EQ(find_value(model.graph, "embed_tokens"), nullptr) << "it was renamed to hidden.0";
}

TEST(GraphBuilder, DeclaresWhatInferenceFinds) {
  const auto types = infer_shapes(tiny_model());
  EXPECT_EQ(types.at("hidden.0"), "float[batch,seq,8]");
  EXPECT_EQ(types.at("logits"), "float[batch,seq,40]");
}

TEST(GraphBuilder, MakesAValidModelWithTheFunctionsItUses) {
  const Model model = tiny_model();
  EXPECT_NO_THROW(check(model));
  std::vector<std::string> names;
  for (const Function& function : model.functions) names.push_back(function.name);
  EXPECT_EQ(names, (std::vector<std::string>{"Embedding", "Linear", "RMSNorm"}));
  EXPECT_EQ(metadata_int(model, metadata::kLayers), 1);
}

TEST(GraphBuilder, SharesATiedWeight) {
  const Model model = tiny_model();
  ASSERT_EQ(model.graph.initializers.size(), 2u);
  EXPECT_EQ(model.graph.initializers[0].external->offset, 7u);
}

TEST(GraphBuilder, RefusesMistakesOfTheArchitecture) {
  GraphBuilder g("test", "wrong");
  const Value x = g.input("x", DataType::kFloat, {symbol("batch"), known(8)});
  EXPECT_THROW(g.input("x", DataType::kFloat, {}), Error) << "two values of one name";
  EXPECT_THROW(g.call("a", "NoSuchFunction", {x}, {}, {x.shape}), Error);
  EXPECT_THROW(g.call("b", "Silu", {x, x}, {}, {x.shape}), Error) << "an input too many";
  EXPECT_THROW(g.call("c", "RMSNorm", {x, x}, {}, {x.shape}), Error) << "an attribute not written";
  EXPECT_THROW(g.rename(x, "y"), Error) << "no node made it";
}

}  // namespace
}  // namespace tessera::graph
