#include "tessera/sdk/edit.hpp"

#include "tests/core/graph/test_graph.hpp"

namespace tessera::graph {
namespace {

using namespace testing_graph;  // NOLINT: the vocabulary of these tests

TEST(Edit, AttributeGettersNameTheNode) {
  const Node n = node("layers.0/attn", "tessera.Attention", {"x"}, {"y"}, {int_attr("num_heads", 8)});
  EXPECT_EQ(int_of(n, "num_heads"), 8);
  const Error missing = error_of([&] { int_of(n, "kv_heads"); });
  EXPECT_EQ(missing.message(), "attribute 'kv_heads' of 'tessera.Attention' is missing");
  EXPECT_EQ(missing.node_name(), "layers.0/attn");
  EXPECT_EQ(error_of([&] { float_of(n, "num_heads"); }).message(),
            "attribute 'num_heads' of 'tessera.Attention' has the wrong type");
}

TEST(Edit, ProvenanceGrowsByPasses) {
  Node n = node("a", "Add", {}, {"y"});
  append_pass(n, "kv-cache");
  append_pass(n, "kv-cache");
  append_pass(n, "slots");
  EXPECT_EQ(n.doc_string, "plugin=test pass=kv-cache pass=slots");
  const Provenance provenance = read_provenance(n.doc_string);
  EXPECT_EQ(provenance.plugin, "test");
  EXPECT_EQ(provenance.passes, (Names{"kv-cache", "slots"}));
}

TEST(Edit, MetadataNumbersAreCheckedWhole) {
  Model m;
  set_metadata(m, "tessera.layers", "2");
  set_metadata(m, "tessera.layers", "24");
  EXPECT_EQ(metadata_int(m, "tessera.layers"), 24);
  set_metadata(m, "tessera.layers", "24x");
  EXPECT_EQ(error_of([&] { metadata_int(m, "tessera.layers"); }).key_name(), "tessera.layers");
  EXPECT_EQ(error_of([&] { metadata_int(m, "tessera.window"); }).message(),
            "the model's metadata lacks this key");
}

TEST(Edit, ValueIndexSeesThroughSubgraphs) {
  Graph branch;
  branch.nodes = {node("", "Neg", {"a"}, {"b"})};
  branch.outputs = {type("b", DataType::kFloat, {})};
  Graph g;
  g.nodes = {node("", "Abs", {"x"}, {"a"}), node("", "If", {"c"}, {"y"}, {graph_attr("then_branch", branch)}),
             node("", "Add", {"a", "a"}, {"z"})};
  const ValueIndex index(g);
  EXPECT_EQ(index.producer("a"), 0u);
  EXPECT_EQ(index.producer("x"), ValueIndex::kNone);
  EXPECT_EQ(index.consumers("a"), (std::vector<size_t>{1, 2}));
  EXPECT_TRUE(index.consumers("z").empty());
}

TEST(Edit, FreshNamesAvoidValuesOfSubgraphs) {
  Graph branch;
  branch.nodes = {node("inner", "Neg", {"a"}, {"b"})};
  Graph g;
  g.nodes = {node("outer", "If", {"c"}, {"y"}, {graph_attr("then_branch", branch)})};
  FreshNames names(g);
  EXPECT_EQ(names.value("b"), "b_1");
  EXPECT_EQ(names.value("b"), "b_2");
  EXPECT_EQ(names.value("new"), "new");
  EXPECT_EQ(names.node("inner"), "inner_1");
}

TEST(Edit, SortMovesOnlyWhatMustMove) {
  Graph g;
  g.nodes = {node("c", "Add", {"a", "b"}, {"c"}), node("a", "Abs", {"x"}, {"a"}),
             node("b", "Neg", {"a"}, {"b"}), node("d", "Neg", {"x"}, {"d"})};
  sort_topologically(g);
  Names order;
  for (const Node& n : g.nodes) order.push_back(n.name);
  EXPECT_EQ(order, (Names{"a", "b", "c", "d"}));
}

TEST(Edit, SortNamesANodeOfACycle) {
  Graph g;
  g.nodes = {node("a", "Abs", {"b"}, {"a"}), node("b", "Neg", {"a"}, {"b"})};
  const Error error = error_of([&] { sort_topologically(g); });
  EXPECT_EQ(error.message(), "the graph has a cycle");
  EXPECT_EQ(error.node_name(), "a");
}

TEST(Edit, UnusedFunctionsGoAndIndirectlyUsedOnesStay) {
  Model m = model({}, {node("", "tessera.A", {"x"}, {"y"})}, {},
                  {function("tessera.A", {"x"}, {"y"}, {node("", "tessera.B", {"x"}, {"y"})}),
                   function("tessera.B", {"x"}, {"y"}, {}), function("tessera.C", {"x"}, {"y"}, {})});
  remove_unused_functions(m);
  ASSERT_EQ(m.functions.size(), 2u);
  EXPECT_EQ(m.functions[1].name, "B");
}

TEST(Edit, OpsetVersionsThatDifferAreRefused) {
  std::vector<OpsetId> imports = {{"", 17}};
  import_opset(imports, {"ai.onnx", 17});
  EXPECT_EQ(imports.size(), 1u);
  EXPECT_EQ(error_of([&] { import_opset(imports, {"", 13}); }).code(), ErrorCode::kVersion);
}

}  // namespace
}  // namespace tessera::graph
