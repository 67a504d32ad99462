#include "plugins/qaic/files/custom_io.hpp"

#include "tests/core/graph/test_graph.hpp"

namespace tessera::qaic {
namespace {

using graph::DataType;
using namespace graph::testing_graph;  // NOLINT: the vocabulary of graph tests

graph::Graph two_layers() {
  graph::Graph graph;
  graph.inputs.push_back(type("input_ids", DataType::kInt64, {"batch_size", "seq_len"}));
  graph.outputs.push_back(type("logits", DataType::kFloat, {"batch_size", "1", "8"}));
  for (const char* name : {"past_key.0", "past_value.0", "past_key.1", "past_value.1"}) {
    graph.inputs.push_back(type(name, DataType::kFloat, {"batch_size", "2", "ctx_len", "4"}));
    graph.outputs.push_back(
        type(std::string(name) + "_RetainedState", DataType::kFloat, {"batch_size", "2", "ctx_len", "4"}));
  }
  return graph;
}

TEST(CustomIo, ListsEachStateWithItsOutput) {
  EXPECT_GOLDEN(custom_io_yaml(two_layers(), StateType::kFloat16), "../qaic/custom_io.yaml");
}

TEST(CustomIo, LeavesBuffersOfASamplerOut) {
  graph::Graph graph = two_layers();
  const std::string without = custom_io_yaml(graph, StateType::kFloat16);
  graph.inputs.push_back(type("past_presence_penalty_buffer", DataType::kBool, {"batch_size", "8"}));
  graph.outputs.push_back(
      type("past_presence_penalty_buffer_RetainedState", DataType::kBool, {"batch_size", "8"}));
  EXPECT_EQ(custom_io_yaml(graph, StateType::kFloat16), without);
}

TEST(CustomIo, NamesTheElementType) {
  EXPECT_NE(custom_io_yaml(two_layers(), StateType::kMxint8).find("   Precision: mxint8\n"),
            std::string::npos);
  EXPECT_NE(custom_io_yaml(two_layers(), StateType::kBfloat16).find("   Precision: bfloat16\n"),
            std::string::npos);
}

TEST(CustomIo, IsEmptyForAnEncoder) {
  graph::Graph graph;
  graph.inputs.push_back(type("input_ids", DataType::kInt64, {"batch_size", "seq_len"}));
  graph.outputs.push_back(type("output", DataType::kFloat, {"batch_size", "seq_len", "8"}));
  EXPECT_EQ(custom_io_yaml(graph, StateType::kFloat16), "");
}

TEST(CustomIo, RefusesAStateWithoutInput) {
  graph::Graph graph = two_layers();
  graph.inputs.pop_back();
  EXPECT_EQ(error_of([&] { custom_io_yaml(graph, StateType::kFloat16); }).message(),
            "the graph retains 'past_value.1_RetainedState' but has no input of that name");
}

}  // namespace
}  // namespace tessera::qaic
