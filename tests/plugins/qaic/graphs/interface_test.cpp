/// Inputs and outputs of each mode as golden texts (tests/golden/transforms/qaic-*.txt), and what the graphs
/// are made of. The host checks each graph after each pass (ONNX checker, strict shape inference).
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/graph/print.hpp"
#include "tessera/sdk/edit.hpp"
#include "tests/core/graph/test_graph.hpp"
#include "tests/plugins/qaic/graphs/card.hpp"

namespace tessera::qaic {
namespace {

std::string interface_text(const graph::Model& model) {
  std::string text;
  for (const graph::ValueInfo& input : model.graph.inputs)
    text += "input " + input.name + " " + graph::print_type(input) + "\n";
  for (const graph::ValueInfo& output : model.graph.outputs)
    text += "output " + output.name + " " + graph::print_type(output) + "\n";
  return text;
}

struct Mode {
  const char* name;
  DecoderGraph graph;
};
const std::vector<Mode>& modes() {
  static const std::vector<Mode> kModes = {
      {"plain", {}},
      {"cb", {.continuous_batching = true}},
      {"target", {.speculative_target = true}},
      {"cb-target", {.continuous_batching = true, .speculative_target = true}},
      {"ccl", {.ccl = true}},
      {"cb-ccl", {.continuous_batching = true, .ccl = true}},
      {"sampler", {.sampler = GraphSampler{}}},
      {"cb-ccl-guided-sampler",
       {.continuous_batching = true,
        .ccl = true,
        .sampler = GraphSampler{.max_top_k_ids = 256, .guided_decoding = true}}}};
  return kModes;
}

/// Made once: the host's checks after each pass take their time.
const graph::Model& mode_graph(const std::string& model, const Mode& mode) {
  static std::map<std::pair<std::string, std::string>, graph::Model> made;
  const auto key = std::pair(model, std::string(mode.name));
  const auto known = made.find(key);
  if (known != made.end()) return known->second;
  return made.emplace(key, graph_after(tiny_model(model), decoder_passes(mode.graph))).first->second;
}

class Interface : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, Interface, testing::Values("llama3-tiny", "mistral-tiny", "gpt2-tiny"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

TEST_P(Interface, OfEachModeIsWhatQAicToolsExpect) {
  std::string text;
  for (const Mode& mode : modes()) {
    text += std::string("mode ") + mode.name + "\n" + interface_text(mode_graph(GetParam(), mode)) + "\n";
  }
  EXPECT_GOLDEN(text, std::string("qaic-") + GetParam() + ".txt");
}

TEST_P(Interface, GraphsHaveStandardOperatorsAndTheCardsFunctions) {
  for (const Mode& mode : modes()) {
    const graph::Model& model = mode_graph(GetParam(), mode);
    std::set<std::string> domains, functions;
    for (const graph::Node& node : model.graph.nodes) domains.insert(node.domain);
    for (const graph::Function& function : model.functions) functions.insert(function.name);
    EXPECT_EQ(domains.count("tessera"), 0u) << mode.name;
    EXPECT_EQ(functions.count(mode.graph.continuous_batching ? "CtxScatterCB" : "CtxScatter"), 1u)
        << mode.name;
    EXPECT_EQ(functions.count("CustomRMSNorm"), std::string(GetParam()) == "gpt2-tiny" ? 0u : 1u)
        << mode.name;
  }
}

TEST(EncoderInterface, IsWhatQAicToolsExpect) {
  std::string text;
  for (const char* name : {"bert-tiny-embed", "bert-tiny-cls"}) {
    for (const bool types : {false, true}) {
      text += std::string(name) + (types ? " with token_type_ids\n" : "\n") +
              interface_text(graph_after(tiny_model(name), encoder_passes({.token_type_ids = types}))) + "\n";
    }
  }
  for (const char* mode : {"mean", "cls", "max"}) {
    text += std::string("bert-tiny-embed with pooling ") + mode + "\n" +
            interface_text(graph_after(tiny_model("bert-tiny-embed"), encoder_passes({.pooling = mode}))) +
            "\n";
  }
  EXPECT_GOLDEN(text, "qaic-encoders.txt");
}

TEST(DecoderGraph, WholeGraphOfOneModel) {
  std::vector<GraphPass> passes = decoder_passes({.continuous_batching = true, .speculative_target = true});
  passes.pop_back();  // calls read better than bodies
  EXPECT_GOLDEN(graph::print_model(graph_after(tiny_model("llama-stories260k"), passes)),
                "qaic-llama-stories260k-graph.txt");
}

}  // namespace
}  // namespace tessera::qaic
