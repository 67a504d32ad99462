#include "inline_functions.hpp"

#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

TEST(InlineFunctions, LeavesStandardOperatorsOnlyAndItsName) {
  Model m = decoder();
  EXPECT_TRUE(apply<InlineFunctions>(m));
  EXPECT_TRUE(m.functions.empty());
  for (const graph::Node& n : m.graph.nodes) {
    EXPECT_EQ(n.domain, "");
    const bool was_call = n.op_type != "Add" || n.name.find("/add") == std::string::npos;
    EXPECT_EQ(n.doc_string, was_call ? "plugin=test pass=inline-functions" : "plugin=test") << n.name;
  }
  EXPECT_FALSE(apply<InlineFunctions>(m));
}

TEST(InlineFunctions, KeepsWhatTheOptionNames) {
  Model m = decoder();
  EXPECT_TRUE(apply<InlineFunctions>(m, {{"keep", "Linear,tessera.RMSNorm,tessera.SlotAttention"}}));
  ASSERT_EQ(m.functions.size(), 2u);
  for (const graph::Node& n : m.graph.nodes) {
    if (n.domain != "tessera") continue;
    EXPECT_EQ(n.doc_string, "plugin=test") << n.name;
  }
}

TEST(InlineFunctions, RefusesAFunctionThatNobodyKnows) {
  Model m = decoder();
  const Error error = error_of([&] { apply<InlineFunctions>(m, {{"keep", "Linar"}}); });
  EXPECT_EQ(error.message(), "inline-functions: unknown function 'Linar'");
  EXPECT_EQ(error.remedy_text(), "did you mean 'tessera.Linear'?");
}

}  // namespace
}  // namespace tessera::transforms
