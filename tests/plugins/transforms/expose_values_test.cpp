#include "expose_values.hpp"

#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

Names outputs_of(const Model& m) {
  Names names;
  for (const graph::ValueInfo& output : m.graph.outputs) names.push_back(output.name);
  return names;
}

TEST(ExposeValues, PatternsFollowTheOrderOfTheGraph) {
  Model m = decoder();
  EXPECT_TRUE(apply<ExposeValues>(m, {{"values", "hidden.*"}}));
  EXPECT_EQ(outputs_of(m), (Names{"logits", "hidden.0", "hidden.1", "hidden.2"}));
  EXPECT_EQ(graph::print_type(m.graph.outputs.at(1)), "float [batch, seq, 8]");
}

TEST(ExposeValues, NamesFollowTheOrderOfTheList) {
  Model m = decoder();
  EXPECT_TRUE(apply<ExposeValues>(m, {{"values", "hidden.2,logits,hidden.0,hidden.2"}}));
  EXPECT_EQ(outputs_of(m), (Names{"logits", "hidden.2", "hidden.0"}));
  EXPECT_FALSE(apply<ExposeValues>(m, {{"values", "hidden.2"}}));
}

TEST(ExposeValues, RefusesWhatNoNodeMakes) {
  Model m = decoder();
  const Error name = error_of([&] { apply<ExposeValues>(m, {{"values", "hidden.3"}}); });
  EXPECT_EQ(name.message(), "expose-values: no node makes a value 'hidden.3'");
  EXPECT_EQ(name.remedy_text(), "did you mean 'hidden.0'?");
  EXPECT_EQ(error_of([&] {
              apply<ExposeValues>(m, {{"values", "hiden.*"}});
            }).message(),
            "expose-values: no value matches 'hiden.*'");
  EXPECT_EQ(error_of([&] { apply<ExposeValues>(m); }).key_name(), "values");
}

TEST(ExposeValues, RefusesAValueOfUnknownType) {
  Model m = decoder();
  m.graph.value_info.clear();
  const Error error = error_of([&] { apply<ExposeValues>(m, {{"values", "hidden.1"}}); });
  EXPECT_EQ(error.message(), "expose-values: dtype or shape of 'hidden.1' is not declared");
  EXPECT_EQ(error.node_name(), "layers.0/add");
}

struct GlobCase {
  const char* pattern;
  const char* name;
  bool matches;
};

TEST(ExposeValues, GlobsMatchAsInFileNames) {
  for (const GlobCase& c : {GlobCase{"hidden.*", "hidden.12", true},
                            {"hidden.*", "hidden", false},
                            {"*/q", "layers.0/self_attn/q", true},
                            {"*/q", "layers.0/self_attn/qk", false},
                            {"hidden.?", "hidden.3", true},
                            {"hidden.?", "hidden.12", false},
                            {"*", "", true},
                            {"a*b*c", "a-b-b-c", true},
                            {"a*b*c", "a-c-b", false}}) {
    EXPECT_EQ(matches_glob(c.pattern, c.name), c.matches) << c.pattern << " " << c.name;
  }
}

}  // namespace
}  // namespace tessera::transforms
