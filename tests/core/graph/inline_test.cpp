#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/error.hpp"

#include "tests/core/graph/test_graph.hpp"

namespace tessera::graph {
namespace {

using namespace testing_graph;  // NOLINT: the vocabulary of these tests

const ValueInfo kX = type("x", DataType::kFloat, {"batch", "8"});
const ValueInfo kY = type("y", DataType::kFloat, {"batch", "8"});

Function silu() {
  return function("tessera.Silu", {"x"}, {"y"},
                  {node("sigmoid", "Sigmoid", {"x"}, {"s"}), node("mul", "Mul", {"x", "s"}, {"y"})});
}

TEST(Inline, ReplacesACallByItsBodyUnderTheCallsName) {
  Model m = model({kX}, {node("mlp/act", "tessera.Silu", {"x"}, {"y"})}, {kY}, {silu()});
  EXPECT_EQ(inline_functions(m), 1u);
  EXPECT_EQ(print_model(m),
            "ir_version 8  opset \"\" 17\n"
            "input x float [batch, 8]\n"
            "mlp/act/sigmoid: mlp/act/s = Sigmoid(x)  # plugin=test\n"
            "mlp/act/mul: y float [batch, 8] = Mul(x, mlp/act/s)  # plugin=test\n"
            "output y float [batch, 8]\n");
}

TEST(Inline, GivesEachCallItsOwnNamesEvenWhenTheyAreTakenOrCallsAreNameless) {
  Model m = model({kX},
                  {node("act", "tessera.Silu", {"x"}, {"act/s"}), node("", "tessera.Silu", {"act/s"}, {"z"}),
                   node("act", "tessera.Silu", {"z"}, {"y"})},
                  {kY}, {silu()});
  inline_functions(m);
  EXPECT_EQ(print_model(m, {.provenance = false}),
            "ir_version 8  opset \"\" 17\n"
            "input x float [batch, 8]\n"
            "act/sigmoid: act/s_1 = Sigmoid(x)\n"
            "act/mul: act/s = Mul(x, act/s_1)\n"
            "z/sigmoid: z/s = Sigmoid(act/s)\n"
            "z/mul: z = Mul(act/s, z/s)\n"
            "act/sigmoid: act/s_2 = Sigmoid(z)\n"
            "act/mul: y float [batch, 8] = Mul(z, act/s_2)\n"
            "output y float [batch, 8]\n");
}

Function leaky() {
  return function(
      "tessera.Leaky", {"x"}, {"y"},
      {node("leaky", "LeakyRelu", {"x"}, {"y"}, {ref_attr("alpha", "slope", AttributeType::kFloat)})},
      {"slope"});
}

TEST(Inline, ResolvesReferencesToAttributesThroughNestedFunctions) {
  Function outer = function("tessera.Outer", {"a"}, {"b"},
                            {node("inner", "tessera.Leaky", {"a"}, {"t"},
                                  {ref_attr("slope", "outer_slope", AttributeType::kFloat)}),
                             node("", "tessera.Silu", {"t"}, {"b"})},
                            {"outer_slope"});
  Model m = model({kX}, {node("top", "tessera.Outer", {"x"}, {"y"}, {float_attr("outer_slope", 0.25f)})},
                  {kY}, {outer, leaky(), silu()});
  EXPECT_EQ(inline_functions(m), 3u);
  EXPECT_EQ(print_model(m, {.provenance = false}),
            "ir_version 8  opset \"\" 17\n"
            "input x float [batch, 8]\n"
            "top/inner/leaky: top/t = LeakyRelu(x) {alpha=0.25}\n"
            "top/Silu/sigmoid: top/Silu/s = Sigmoid(top/t)\n"
            "top/Silu/mul: y float [batch, 8] = Mul(top/t, top/Silu/s)\n"
            "output y float [batch, 8]\n");
}

TEST(Inline, KeepsTheFunctionsAskedForAndInlinesInsideTheirBodies) {
  Function outer = function(
      "tessera.Outer", {"a"}, {"b"},
      {node("act", "tessera.Leaky", {"a"}, {"b"}, {ref_attr("slope", "outer_slope", AttributeType::kFloat)})},
      {"outer_slope"});
  Model m = model({kX}, {node("top", "tessera.Outer", {"x"}, {"y"}, {float_attr("outer_slope", 0.25f)})},
                  {kY}, {outer, leaky(), silu()});
  EXPECT_EQ(inline_functions(m, [](const Function& f) { return f.name == "Outer"; }), 1u);
  EXPECT_EQ(print_model(m, {.provenance = false}),
            "ir_version 8  opset \"\" 17  opset tessera 1\n"
            "input x float [batch, 8]\n"
            "top: y float [batch, 8] = tessera.Outer(x) {outer_slope=0.25}\n"
            "output y float [batch, 8]\n"
            "function tessera.Outer(a) {outer_slope} -> b\n"
            "  act/leaky: b = LeakyRelu(a) {alpha=@outer_slope}\n");
}

TEST(Inline, RenamesInsideSubgraphsAndInlinesCallsThere) {
  Graph then_branch, else_branch;
  then_branch.nodes = {node("yes", "tessera.Silu", {"x"}, {"t"})};
  then_branch.outputs = {type("t", DataType::kFloat, {})};
  else_branch.nodes = {node("no", "Identity", {"x"}, {"t"})};
  else_branch.outputs = {type("t", DataType::kFloat, {})};
  Function choose =
      function("tessera.Choose", {"c", "x"}, {"y"},
               {node("if", "If", {"c"}, {"y"},
                     {graph_attr("then_branch", then_branch), graph_attr("else_branch", else_branch)})});
  Model m = model({type("c", DataType::kBool, {}), kX}, {node("n", "tessera.Choose", {"c", "x"}, {"y"})},
                  {kY}, {choose, silu()});
  inline_functions(m);
  const Graph& yes = m.graph.nodes.at(0).attributes.at(0).graphs.at(0);
  ASSERT_EQ(yes.nodes.size(), 2u);
  EXPECT_EQ(yes.nodes[0].inputs, Names{"x"});
  EXPECT_EQ(yes.nodes[1].outputs, Names{"n/t"});
  EXPECT_EQ(yes.outputs.at(0).name, "n/t");
  const Graph& no = m.graph.nodes.at(0).attributes.at(1).graphs.at(0);
  EXPECT_EQ(no.nodes.at(0).outputs.at(0), no.outputs.at(0).name);
  EXPECT_EQ(no.nodes.at(0).name, "n/no");
}

TEST(Inline, PassesOmittedInputsOnAndNamesOmittedOutputs) {
  Function clip = function("tessera.Bound", {"x", "low", "high"}, {"y", "z"},
                           {node("", "Clip", {"x", "low", "high"}, {"y"}), node("", "Neg", {"y"}, {"z"})});
  Model m = model({kX}, {node("c", "tessera.Bound", {"x"}, {"y", ""})}, {kY}, {clip});
  inline_functions(m);
  EXPECT_EQ(m.graph.nodes.at(0).inputs, (Names{"x", "", ""}));
  EXPECT_EQ(m.graph.nodes.at(1).outputs, Names{"c/z"});
}

TEST(Inline, CopiesAnInputThatIsAnOutputToo) {
  Model m = model({kX}, {node("same", "tessera.Same", {"x"}, {"y"})}, {kY},
                  {function("tessera.Same", {"a"}, {"a"}, {})});
  inline_functions(m);
  ASSERT_EQ(m.graph.nodes.size(), 1u);
  EXPECT_EQ(m.graph.nodes[0].op_type, "Identity");
  EXPECT_EQ(m.graph.nodes[0].outputs, Names{"y"});
}

TEST(Inline, ImportsTheOpsetsOfBodies) {
  Function f = silu();
  f.opset_imports.push_back({"com.example", 3});
  Model m = model({kX}, {node("a", "tessera.Silu", {"x"}, {"y"})}, {kY}, {f});
  inline_functions(m);
  EXPECT_EQ(opset_version(m.opset_imports, "com.example"), 3);
}

TEST(Inline, RefusesABodyOfAnotherOpset) {
  Function f = silu();
  f.opset_imports = {{"", 18}};
  Model m = model({kX}, {node("mlp/act", "tessera.Silu", {"x"}, {"y"})}, {kY}, {f});
  const Error error = error_of([&] { inline_functions(m); });
  EXPECT_EQ(error.code(), ErrorCode::kVersion);
  EXPECT_EQ(error.node_name(), "mlp/act");
  EXPECT_EQ(error.message(), "opset versions 17 and 18 of domain '' meet in one model");
}

TEST(Inline, RefusesAMissingAttribute) {
  Model m = model({kX}, {node("mlp/act", "tessera.Leaky", {"x"}, {"y"})}, {kY}, {leaky()});
  const Error error = error_of([&] { inline_functions(m); });
  EXPECT_EQ(error.message(), "attribute 'slope' of 'tessera.Leaky' is missing");
  EXPECT_EQ(error.node_name(), "mlp/act");
}

TEST(Inline, RefusesFunctionsThatCallOneAnotherInACircle) {
  Function a = function("tessera.A", {"x"}, {"y"}, {node("", "tessera.B", {"x"}, {"y"})});
  Function b = function("tessera.B", {"x"}, {"y"}, {node("", "tessera.A", {"x"}, {"y"})});
  Model m = model({kX}, {node("top", "tessera.A", {"x"}, {"y"})}, {kY}, {a, b});
  EXPECT_EQ(error_of([&] { inline_functions(m); }).message(),
            "a function calls itself: tessera:A -> tessera:B -> tessera:A");
}

TEST(Inline, RefusesFunctionsThatDoubleTheGraphTooOften) {
  std::vector<Function> functions;
  for (int i = 0; i < 40; ++i) {
    const std::string next = "tessera.F" + std::to_string(i + 1);
    functions.push_back(function("tessera.F" + std::to_string(i), {"x"}, {"y"},
                                 {node("", next, {"x"}, {"t"}), node("", next, {"t"}, {"y"})}));
  }
  functions.push_back(function("tessera.F40", {"x"}, {"y"}, {node("", "Neg", {"x"}, {"y"})}));
  // The names grow with the depth; a short chain of names keeps the test light.
  Model m = model({kX}, {node("n", "tessera.F0", {"x"}, {"y"})}, {kY}, functions);
  EXPECT_EQ(error_of([&] { inline_functions(m); }).code(), ErrorCode::kInvalidArgument);
}

TEST(Inline, RefusesMoreInputsThanTheFunctionHas) {
  Model m = model({kX}, {node("a", "tessera.Silu", {"x", "x"}, {"y"})}, {kY}, {silu()});
  EXPECT_EQ(error_of([&] { inline_functions(m); }).node_name(), "a");
}

TEST(Inline, RefusesABodyThatReadsWhatNothingMakes) {
  Model m = model({kX}, {node("a", "tessera.Bad", {"x"}, {"y"})}, {kY},
                  {function("tessera.Bad", {"x"}, {"y"}, {node("", "Neg", {"ghost"}, {"y"})})});
  EXPECT_NE(error_of([&] { inline_functions(m); }).message().find("'ghost'"), std::string::npos);
}

TEST(Inline, RefusesTwoFunctionsOfOneName) {
  Model m = model({kX}, {node("a", "tessera.Silu", {"x"}, {"y"})}, {kY}, {silu(), silu()});
  EXPECT_EQ(error_of([&] { inline_functions(m); }).message(), "the model has two functions 'tessera:Silu'");
}

}  // namespace
}  // namespace tessera::graph
