#include "constant_folding.hpp"

#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

const graph::ValueInfo kX = type("x", DataType::kFloat, {"8"});
const graph::ValueInfo kY = type("y", DataType::kFloat, {"8"});

graph::Node constant(const std::string& name, const graph::Tensor& value) {
  return node(name, "Constant", {}, {name}, {graph::tensor_attribute("value", value)});
}

TEST(ConstantFolding, StoresResultsAndDropsWhatOnlyTheyNeeded) {
  Model m =
      model({kX},
            {constant("one", graph::float_tensor("", {}, {1.0f})),
             constant("two", graph::float_tensor("", {}, {2.0f})), node("", "Add", {"one", "two"}, {"three"}),
             node("", "Mul", {"three", "two"}, {"six"}), node("", "Mul", {"x", "six"}, {"y"})},
            {kY});
  EXPECT_TRUE(apply<ConstantFolding>(m));
  EXPECT_EQ(graph::print_model(m, {.provenance = false}),
            "ir_version 8  opset \"\" 17\n"
            "input x float [8]\n"
            "weight six float [] (6)\n"
            "y float [8] = Mul(x, six)\n"
            "output y float [8]\n");
  EXPECT_FALSE(apply<ConstantFolding>(m));
}

TEST(ConstantFolding, NeverReadsExternalData) {
  Model m = model({kX}, {node("", "Neg", {"w"}, {"n"}), node("", "Mul", {"x", "n"}, {"y"})}, {kY});
  graph::Tensor w;
  w.name = "w";
  w.dtype = DataType::kFloat;
  w.dims = {8};
  w.external = std::make_unique<graph::ExternalData>(graph::ExternalData{"model.safetensors", 0, 32});
  m.graph.initializers.push_back(w);
  EXPECT_FALSE(apply<ConstantFolding>(m));
  EXPECT_EQ(m.graph.nodes.size(), 2u);
}

TEST(ConstantFolding, KeepsDefaultsOfInputs) {
  Model m = model({kX, type("d", DataType::kFloat, {})},
                  {node("", "Neg", {"d"}, {"n"}), node("", "Mul", {"x", "n"}, {"y"})}, {kY});
  m.graph.initializers.push_back(graph::float_tensor("d", {}, {1.0f}));
  EXPECT_FALSE(apply<ConstantFolding>(m));
}

TEST(ConstantFolding, MakesNothingAboveOneKibibyte) {
  const std::vector<float> row(16, 1.0f);
  Model m = model(
      {kX},
      {constant("row", graph::float_tensor("", {1, 16}, row)),
       constant("column", graph::float_tensor("", {17, 1}, std::vector<float>(17, 1.0f))),
       constant("short_column", graph::float_tensor("", {16, 1}, row)),
       node("", "Add", {"row", "column"}, {"large"}), node("", "Add", {"row", "short_column"}, {"small"})},
      {type("large", DataType::kFloat, {"17", "16"}), type("unused", DataType::kFloat, {})});
  m.graph.outputs.pop_back();
  m.graph.nodes.push_back(node("", "Add", {"large", "small"}, {"z"}));
  apply<ConstantFolding>(m);
  EXPECT_TRUE(std::any_of(m.graph.nodes.begin(), m.graph.nodes.end(),
                          [](const graph::Node& n) { return n.outputs[0] == "large"; }));
  ASSERT_EQ(m.graph.initializers.size(), 1u);
  EXPECT_EQ(m.graph.initializers[0].name, "small");
  EXPECT_EQ(m.graph.initializers[0].raw_data.size(), 1024u);
}

TEST(ConstantFolding, DoesNotTryWhatWouldFillTheMemory) {
  const std::vector<int64_t> huge = {1'000'000'000'000};
  Model m = model(
      {kX},
      {constant("shape", graph::int64_tensor("", {1}, huge)),
       constant("one", graph::float_tensor("", {}, {1.0f})),
       constant("zero", graph::int64_tensor("", {}, {0})), constant("step", graph::int64_tensor("", {}, {1})),
       constant("far", graph::int64_tensor("", {}, huge)), node("", "Expand", {"one", "shape"}, {"a"}),
       node("", "ConstantOfShape", {"shape"}, {"b"}), node("", "Range", {"zero", "far", "step"}, {"c"})},
      {type("a", DataType::kFloat, {"?"}), type("b", DataType::kFloat, {"?"}),
       type("c", DataType::kInt64, {"?"})});
  EXPECT_FALSE(apply<ConstantFolding>(m));
  EXPECT_EQ(m.graph.nodes.size(), 8u);
}

TEST(ConstantFolding, LeavesRandomNumbersAndSubgraphsAlone) {
  graph::Graph branch;
  branch.nodes = {constant("b", graph::float_tensor("", {}, {1.0f}))};
  branch.outputs = {type("b", DataType::kFloat, {})};
  Model m = model(
      {kX},
      {constant("yes", graph::int64_tensor("", {}, {1})),
       constant("one", graph::float_tensor("", {}, {1.0f})), node("", "RandomNormalLike", {"one"}, {"r"}),
       node("", "If", {"yes"}, {"i"}, {graph_attr("then_branch", branch), graph_attr("else_branch", branch)}),
       node("", "Mul", {"r", "i"}, {"y"})},
      {kY});
  EXPECT_FALSE(apply<ConstantFolding>(m));
}

}  // namespace
}  // namespace tessera::transforms
