#include "runtime/verify/localise.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/sdk/edit.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;

graph::Node node_of(std::vector<std::string> inputs, std::string output, std::string doc = "plugin=test") {
  graph::Node node;
  node.op_type = "Op";
  node.name = "make/" + output;
  node.inputs = std::move(inputs);
  node.outputs = {std::move(output)};
  node.doc_string = std::move(doc);
  return node;
}

/// hidden.0 -> a -> b -> hidden.1 -> c -> hidden.2, all [batch, seq, 4] float but `b`, which is not declared.
graph::Graph chain() {
  graph::Graph graph;
  graph.nodes = {node_of({"x"}, "hidden.0"), node_of({"hidden.0"}, "a"),      node_of({"a"}, "b"),
                 node_of({"b"}, "hidden.1"), node_of({"hidden.1", "a"}, "c"), node_of({"c"}, "hidden.2")};
  for (const char* name : {"hidden.0", "a", "hidden.1", "c", "hidden.2"}) {
    graph.value_info.push_back(
        graph::tensor_value(name, graph::DataType::kFloat,
                            {graph::symbolic_dim("batch"), graph::symbolic_dim("seq"), graph::fixed_dim(4)}));
  }
  return graph;
}

TEST(Localise, ListsTheValuesBetweenTwoLayers) {
  const graph::Graph graph = chain();
  EXPECT_THAT(values_between(graph, graph, "hidden.0", "hidden.1"), ElementsAre("a", "hidden.1"));
  EXPECT_THAT(values_between(graph, graph, "hidden.1", "hidden.2"), ElementsAre("c", "hidden.2"));
  EXPECT_THAT(values_between(graph, graph, "", "hidden.0"), ElementsAre("hidden.0"));
}

TEST(Localise, LeavesOutWhatAPassHasRenamed) {
  graph::Graph staged = chain();
  staged.nodes[1].outputs = {"a2"};
  staged.nodes[2].inputs = {"a2"};
  EXPECT_THAT(values_between(chain(), staged, "hidden.0", "hidden.1"), ElementsAre("hidden.1"));
}

TEST(Localise, BlamesTheMaker) {
  const graph::Graph graph = chain();
  EXPECT_EQ(blamed_node(graph, "c", {"c", "hidden.2"}, "")->name, "make/c");
  EXPECT_EQ(blamed_node(graph, "x", {}, ""), nullptr);
}

TEST(Localise, BlamesANodeOfThePassBeforeTheMaker) {
  graph::Graph staged = chain();
  staged.nodes[2].doc_string = "plugin=test pass=wrong";  // makes b, which was not compared
  EXPECT_EQ(blamed_node(staged, "hidden.1", {"a", "hidden.1"}, "wrong")->name, "make/b");
  EXPECT_EQ(blamed_node(staged, "hidden.1", {"a", "hidden.1"}, "other")->name, "make/hidden.1");
  // What was compared and agrees is not to blame, whoever touched it.
  EXPECT_EQ(blamed_node(staged, "c", {"a", "hidden.1", "c"}, "wrong")->name, "make/c");
}

}  // namespace
}  // namespace tessera
