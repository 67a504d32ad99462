/// Each thing that a compiler would refuse after minutes is named.
#include "plugins/qaic/backend/preflight.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "plugins/qaic/backend/plan.hpp"
#include "tests/core/graph/test_graph.hpp"

namespace tessera::qaic {
namespace {

using namespace graph::testing_graph;  // NOLINT: the vocabulary of these tests
using graph::DataType;
using graph::Model;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

graph::Tensor weight(DataType dtype) {
  graph::Tensor tensor;
  tensor.name = "w";
  tensor.dtype = dtype;
  tensor.dims = {8, 8};
  tensor.external = std::make_unique<graph::ExternalData>();
  return tensor;
}

/// x [batch_size, 8] -> y = x w; a state that is passed on.
Model good() {
  Model m = model({type("x", DataType::kFloat, {"batch_size", "8"}),
                   type("past_key.0", DataType::kFloat, {"batch_size", "2", "ctx_len", "4"})},
                  {node("layers.0/proj", "MatMul", {"x", "w"}, {"y"}),
                   node("layers.1/keep", "Identity", {"past_key.0"}, {"past_key.0_RetainedState"})},
                  {type("y", DataType::kFloat, {"batch_size", "8"}),
                   type("past_key.0_RetainedState", DataType::kFloat, {"batch_size", "2", "ctx_len", "4"})});
  m.graph.initializers.push_back(weight(DataType::kFloat));
  return m;
}

const std::vector<Specialization> kSizes = {{"Prefill", {{"batch_size", 2}, {"ctx_len", 16}}}};

std::vector<std::string> objections(const Model& m, const Settings& settings = {}) {
  return compiler_objections(m, settings, kSizes);
}

TEST(Preflight, FindsNothingInAGoodGraph) {
  EXPECT_THAT(objections(good()), IsEmpty());
}

TEST(Preflight, NamesUnknownOperatorsOnceWithTheirMaker) {
  Model m = good();
  for (const char* name : {"a", "b"})
    m.graph.nodes.push_back(node(name, "tessera.Linear", {"x", "w"}, {name}));
  EXPECT_THAT(
      objections(m),
      ElementsAre("'Linear' is an operator of domain 'tessera', which the compiler does not know (first "
                  "at 'a', plugin=test)"));
  m = good();
  m.opset_imports = {{"", 21}};
  EXPECT_THAT(objections(m), ElementsAre(HasSubstr("the graph has opset 21")));
}

TEST(Preflight, NamesABfloat16WeightUnlessItIsConverted) {
  Model m = good();
  m.graph.initializers[0] = weight(DataType::kBfloat16);
  EXPECT_THAT(objections(m), ElementsAre(HasSubstr("the weight 'w' is bfloat16, which ai100 does not take")));
  Settings ai200;
  ai200.hardware = "ai200";
  EXPECT_THAT(objections(m, ai200), IsEmpty());
  m.graph.nodes.insert(m.graph.nodes.begin(),
                       node("weights/w/cast", "Cast", {"w"}, {"w16"}, {int_attr("to", 10)}));
  m.graph.nodes[1].inputs[1] = "w16";
  EXPECT_THAT(objections(m), IsEmpty());
}

TEST(Preflight, NamesSymbolsThatNobodySets) {
  Model m = good();
  m.graph.inputs[0].shape[0].symbol = "rows";
  EXPECT_THAT(objections(m),
              ElementsAre("the specialization 'Prefill' does not set 'rows', a symbol of the graph"));
}

TEST(Preflight, NamesStatesThatHaveNoPair) {
  Model m = good();
  m.graph.outputs[1].dtype = DataType::kFloat16;
  EXPECT_THAT(objections(m),
              ElementsAre("'past_key.0_RetainedState' has another type or shape than 'past_key.0'"));
  m.graph.outputs[1].name = "past_value.0_RetainedState";
  EXPECT_THAT(objections(m), ElementsAre(HasSubstr("there is no 'past_value.0'")));
}

TEST(Preflight, PartitionsNeedNamesOfTheirOwn) {
  Model m = good();
  m.graph.nodes[1].name = "layers.0/proj";
  EXPECT_THAT(objections(m), IsEmpty());
  Settings pipeline;
  pipeline.num_devices = pipeline.mdp_num_partitions = 2;
  EXPECT_THAT(objections(m, pipeline), ElementsAre("two nodes are named 'layers.0/proj'"));
}

TEST(Plan, CountsWeightsStatesAndActivationsPerDevice) {
  Model m = good();
  m.metadata_props = {{"tessera.task", "feature-extraction"}};
  Settings settings;
  settings.seq_lens = {16};
  settings.shapes.batch_size = 2;
  // 64 weights, states of 2 * 2 * 1 * 4 (ctx_len has no size here), y of 2 * 8, in float16.
  EXPECT_THAT(plan_json(m, settings, "{}"),
              HasSubstr("\"weight_bytes\":128,\"kv_bytes\":32,\"activation_bytes\":32"));
  settings.mxfp6_matmul = settings.mxint8_kv_cache = true;
  EXPECT_THAT(plan_json(m, settings, "{}"), HasSubstr("\"weight_bytes\":50,\"kv_bytes\":16,"));
  settings.num_devices = 2;
  EXPECT_THAT(plan_json(m, settings, "{}"),
              HasSubstr("\"num_devices\":2,\"per_device\":{\"weight_bytes\":25,"));
}

}  // namespace
}  // namespace tessera::qaic
