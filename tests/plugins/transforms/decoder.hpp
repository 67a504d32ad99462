/// A decoder small enough to read, as an architecture plugin would build it: two layers of nothing but norm
/// and attention, hidden 8, 2 heads of 4, 1 key and value head, vocabulary 11. Weights are numbers inside the
/// model.
#pragma once

#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan.hpp"
#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/functions.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/tensor.hpp"
#include "tessera/sdk/transform.hpp"
#include "tests/core/graph/test_graph.hpp"

namespace tessera::transforms::testing_decoder {

using namespace graph::testing_graph;  // NOLINT: the vocabulary of graph tests
using graph::DataType;
using graph::Model;

inline constexpr int64_t kHidden = 8, kHeads = 2, kKvHeads = 1, kHeadDim = 4, kVocab = 11;

/// Numbers in (-1, 1) that look random and are the same everywhere.
inline graph::Tensor weight(std::string name, std::vector<int64_t> dims) {
  size_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<size_t>(dim);
  uint32_t state = 0;
  for (const char c : name) state = state * 31 + static_cast<unsigned char>(c);
  std::vector<float> values(count);
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state >> 8) - (1 << 23)) / static_cast<float>(1 << 23);
  }
  return graph::float_tensor(std::move(name), std::move(dims), values);
}

inline void add_layer(Model& m, int64_t layer, bool windowed) {
  const std::string path = "layers." + std::to_string(layer);
  const std::string attention = path + "/self_attn";
  const std::string in = "hidden." + std::to_string(layer), out = path + "/out";
  graph::Graph& g = m.graph;
  const auto call = [&](const std::string& name, const std::string& op, Names inputs,
                        const std::string& output, std::vector<graph::Attribute> attributes,
                        const std::string& width) {
    g.nodes.push_back(node(name, op, std::move(inputs), {output}, std::move(attributes)));
    g.value_info.push_back(type(output, DataType::kFloat, {"batch", "seq", width}));
  };
  g.initializers.push_back(weight(path + ".norm", {kHidden}));
  g.initializers.push_back(weight(path + ".q", {kHeads * kHeadDim, kHidden}));
  g.initializers.push_back(weight(path + ".k", {kKvHeads * kHeadDim, kHidden}));
  g.initializers.push_back(weight(path + ".v", {kKvHeads * kHeadDim, kHidden}));
  call(path + "/norm", "tessera.RMSNorm", {in, path + ".norm"}, path + "/normed",
       {float_attr("epsilon", 1e-5f)}, "8");
  call(attention + "/q_proj", "tessera.Linear", {path + "/normed", path + ".q"}, attention + "/q", {}, "8");
  call(attention + "/k_proj", "tessera.Linear", {path + "/normed", path + ".k"}, attention + "/k", {}, "4");
  call(attention + "/v_proj", "tessera.Linear", {path + "/normed", path + ".v"}, attention + "/v", {}, "4");
  std::vector<graph::Attribute> attributes = {int_attr("num_heads", kHeads), int_attr("kv_heads", kKvHeads),
                                              float_attr("scale", 0.5f)};
  if (windowed) attributes.push_back(int_attr("window", 3));
  call(attention + "/attention", windowed ? "tessera.WindowedAttention" : "tessera.Attention",
       {attention + "/q", attention + "/k", attention + "/v", "position_ids"}, attention + "/y",
       std::move(attributes), "8");
  call(path + "/add", "Add", {in, attention + "/y"}, layer == 1 ? path + "/sum" : "hidden.1", {}, "8");
}

/// Input input_ids, position_ids int64 [batch, seq]; output logits float [batch, seq, 11]; hidden.0 ..
/// hidden.2. `windowed`: layer 1 sees three positions only.
inline Model decoder(bool windowed = false) {
  Model m;
  m.opset_imports = {{"", 17}, {"tessera", 1}};
  m.graph.name = "decoder";
  m.graph.inputs = {type("input_ids", DataType::kInt64, {"batch", "seq"}),
                    type("position_ids", DataType::kInt64, {"batch", "seq"})};
  m.graph.outputs = {type("logits", DataType::kFloat, {"batch", "seq", "11"})};
  m.graph.initializers.push_back(weight("embed", {kVocab, kHidden}));
  m.graph.initializers.push_back(weight("head", {kVocab, kHidden}));
  m.graph.initializers.push_back(weight("norm", {kHidden}));
  m.graph.nodes.push_back(node("embed", "tessera.Embedding", {"input_ids", "embed"}, {"hidden.0"}));
  m.graph.value_info.push_back(type("hidden.0", DataType::kFloat, {"batch", "seq", "8"}));
  add_layer(m, 0, false);
  add_layer(m, 1, windowed);
  m.graph.nodes.push_back(node("norm", "tessera.RMSNorm", {"layers.1/sum", "norm"}, {"hidden.2"},
                               {float_attr("epsilon", 1e-5f)}));
  m.graph.value_info.push_back(type("hidden.2", DataType::kFloat, {"batch", "seq", "8"}));
  m.graph.nodes.push_back(node("lm_head", "tessera.Linear", {"hidden.2", "head"}, {"logits"}));
  for (const graph::Function& f : graph::canonical_functions()) m.functions.push_back(f);
  graph::remove_unused_functions(m);
  graph::set_metadata(m, "tessera.layers", "2");
  graph::set_metadata(m, "tessera.kv_heads", "1");
  graph::set_metadata(m, "tessera.head_dim", "4");
  return m;
}

/// Runs one pass on `m` as the host would: options are text and checked. Returns whether it changed anything.
template <class Pass>
bool apply(Model& m, const std::vector<std::pair<std::string, std::string>>& options = {}) {
  const Pass pass;
  std::vector<tsr_option> given;
  for (const auto& [name, value] : options) given.push_back({sdk::borrow(name), sdk::borrow(value)});
  const sdk::TransformArgs args{{},
                                sdk::Options(pass.options(), given.data(), given.size()),
                                sdk::Weights(),
                                sdk::Progress(),
                                sdk::Host(nullptr)};
  return pass.apply(m, args);
}

/// The graph without bodies: what a pass changed is in the calls.
inline std::string text(const Model& m) {
  return graph::print_model(m, {.functions = false});
}

using Tensors = std::map<std::string, exec::Value>;

/// Runs the graph with all functions inlined on the plain executor.
inline Tensors run(Model m, const Tensors& inputs) {
  graph::inline_functions(m);
  const exec::Plan plan = exec::Plan::compile(m);
  exec::Workspace workspace(plan);
  return plan.run(workspace, inputs);
}

inline exec::Value ints(const exec::Dims& dims, const std::vector<int64_t>& values) {
  return exec::Tensor::of<int64_t>(dims, values);
}
inline exec::Value zeros(const exec::Dims& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return exec::Tensor::of<float>(dims, std::vector<float>(static_cast<size_t>(count)));
}
inline std::vector<float> floats(const exec::Value& value) {
  const exec::Tensor tensor = value.tensor().aligned();
  return std::vector<float>(tensor.data<float>(), tensor.data<float>() + tensor.size());
}

}  // namespace tessera::transforms::testing_decoder
