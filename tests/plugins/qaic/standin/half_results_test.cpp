#include "plugins/qaic/standin/compile/half_results.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tessera/sdk/edit.hpp"

namespace tessera::qaic::standin {
namespace {

using graph::DataType;
using testing::ElementsAre;

graph::Node node(const std::string& op, std::vector<std::string> inputs, const std::string& output) {
  graph::Node made;
  made.op_type = op;
  made.name = "n/" + output;
  made.doc_string = "plugin=test";
  made.inputs = std::move(inputs);
  made.outputs = {output};
  return made;
}

graph::Node cast(const std::string& from, const std::string& to, DataType type) {
  graph::Node made = node("Cast", {from}, to);
  graph::Attribute attribute;
  attribute.name = "to";
  attribute.type = graph::AttributeType::kInt;
  attribute.i = static_cast<int64_t>(type);
  graph::set_attribute(made, attribute);
  return made;
}

graph::Model model(std::vector<graph::Node> nodes, const std::string& output, DataType type) {
  graph::Model made;
  made.graph.inputs = {graph::tensor_value("x", DataType::kFloat, {}),
                       graph::tensor_value("ids", DataType::kInt64, {}),
                       graph::tensor_value("half", DataType::kFloat16, {})};
  made.graph.outputs = {graph::tensor_value(output, type, {})};
  made.graph.nodes = std::move(nodes);
  return made;
}

std::vector<std::string> lines(const graph::Model& model) {
  std::vector<std::string> lines;
  for (const graph::Node& n : model.graph.nodes) {
    lines.push_back(n.op_type + " " + n.inputs[0] + " -> " + n.outputs[0]);
    if (n.op_type == "Cast") lines.back() += " as " + std::to_string(graph::int_of(n, "to"));
  }
  return lines;
}

TEST(HalfResults, PassThroughFloat16AndKeepTheirNames) {
  graph::Model m = model({node("MatMul", {"x", "x"}, "y")}, "y", DataType::kFloat);
  EXPECT_EQ(round_results_to_half(m), 1u);
  EXPECT_THAT(lines(m),
              ElementsAre("MatMul x -> y.exact", "Cast y.exact -> y.half as 10", "Cast y.half -> y as 1"));
  EXPECT_EQ(m.graph.nodes[2].doc_string, "plugin=test");
  EXPECT_EQ(m.graph.nodes[2].name, "n/y/from_half");
}

TEST(HalfResults, AreNotThoseOfNodesThatMoveValues) {
  graph::Model m = model({node("Reshape", {"x", "ids"}, "a"), node("Gather", {"a", "ids"}, "b"),
                          node("CtxScatter", {"b", "ids", "x"}, "c"), node("Max", {"c", "x"}, "y")},
                         "y", DataType::kFloat);
  EXPECT_EQ(round_results_to_half(m), 0u);
  EXPECT_EQ(m.graph.nodes.size(), 4u);
}

TEST(HalfResults, AreNotIntegersNorBooleans) {
  graph::Model m = model(
      {node("Shape", {"x"}, "shape"), node("Add", {"shape", "ids"}, "sum"), node("Less", {"x", "x"}, "less"),
       node("Where", {"less", "sum", "ids"}, "where"), node("Mul", {"where", "ids"}, "y")},
      "y", DataType::kInt64);
  EXPECT_EQ(round_results_to_half(m), 0u);
}

TEST(HalfResults, OfCastsAreThoseThatMayLoseSomething) {
  graph::Model m = model({cast("half", "wide", DataType::kFloat), cast("ids", "y", DataType::kFloat)}, "y",
                         DataType::kFloat);
  EXPECT_EQ(round_results_to_half(m), 1u);
  EXPECT_THAT(lines(m), ElementsAre("Cast half -> wide as 1", "Cast ids -> y.exact as 1",
                                    "Cast y.exact -> y.half as 10", "Cast y.half -> y as 1"));
}

}  // namespace
}  // namespace tessera::qaic::standin
