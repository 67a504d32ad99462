// Every function of domain `tessera` is a valid ONNX function, and its body keeps the shapes that a backend
// needs.
#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <string>

#include "function_calls.hpp"
#include "onnx_judge.hpp"
#include "tessera/sdk/functions.hpp"

namespace tessera::graph {

void PrintTo(const FunctionCall& call, std::ostream* out) {
  *out << call.function;
}

namespace {

class FunctionBody : public testing::TestWithParam<FunctionCall> {};

TEST_P(FunctionBody, PassesTheChecker) {
  EXPECT_NO_THROW(check(model_of(GetParam())));
}

TEST_P(FunctionBody, KeepsShapesThroughStrictInference) {
  const auto types = infer_shapes(model_of(GetParam()));
  const Function& function = *find_canonical(GetParam().function);
  for (size_t i = 0; i < function.outputs.size(); ++i) {
    EXPECT_EQ(types.at(function.outputs[i]), GetParam().outputs.at(i)) << function.outputs[i];
  }
}

TEST_P(FunctionBody, TakesConstantsOnlyAsTensorsOrFromTheCall) {
  for (const Node& node : find_canonical(GetParam().function)->nodes) {
    if (node.op_type != "Constant") continue;
    ASSERT_EQ(node.attributes.size(), 1u) << node.name;
    const Attribute& attribute = node.attributes[0];
    EXPECT_TRUE(attribute.name == "value" || !attribute.ref_attr_name.empty()) << node.name;
  }
}

TEST_P(FunctionBody, NamesEveryNodeAfterItsValue) {
  std::set<std::string> names;
  for (const Node& node : find_canonical(GetParam().function)->nodes) {
    EXPECT_TRUE(names.insert(node.name).second) << "twice: " << node.name;
    if (node.outputs.size() == 1) {
      EXPECT_EQ(node.name, node.outputs[0]);
    }
  }
}

// A test name must not hold what gtest forbids; function names never do.
INSTANTIATE_TEST_SUITE_P(All, FunctionBody, testing::ValuesIn(function_calls()),
                         [](const auto& info) { return info.param.function; });

TEST(CanonicalFunctions, AreAllCovered) {
  const auto calls = function_calls();
  for (const Function& function : canonical_functions()) {
    EXPECT_TRUE(std::any_of(calls.begin(), calls.end(), [&](const auto& call) {
      return call.function == function.name;
    })) << function.name;
    EXPECT_EQ(function.domain, "tessera");
  }
}

TEST(CanonicalFunctions, AreFoundByName) {
  EXPECT_EQ(find_canonical("RMSNorm")->attributes, std::vector<std::string>{"epsilon"});
  EXPECT_EQ(find_canonical("rmsnorm"), nullptr);
}

}  // namespace
}  // namespace tessera::graph
