#include "kv_cache.hpp"

#include <string>
#include <utility>
#include <vector>

#include "attention_calls.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::transforms {

using graph::Dimension;
using graph::Model;
using graph::Node;
using graph::ValueInfo;

namespace {

constexpr size_t kAttentionInputs = 4;  // q, k, v, positions
constexpr size_t kKey = 1, kPositionsInput = 3;

void check_order(Model& model) {
  for (const AttentionKind kind : {kCachedAttention, kSlotAttention}) {
    const std::vector<Node*> calls = find_attention(model, kind);
    if (calls.empty()) continue;
    throw Error(ErrorCode::kInvalidArgument, "kv-cache: the graph has a cache already")
        .node(graph::describe(*calls.front()))
        .remedy("list 'kv-cache' once, before 'slots'");
  }
}

void check_layers(const Model& model, const std::vector<Node*>& calls) {
  if (calls.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "kv-cache: the graph has no call of 'tessera.Attention' or 'tessera.WindowedAttention'")
        .remedy("use 'kv-cache' on decoders only, and before 'inline-functions'");
  }
  if (!graph::find_metadata(model, "tessera.layers")) return;
  const int64_t layers = graph::metadata_int(model, "tessera.layers");
  if (layers == static_cast<int64_t>(calls.size())) return;
  throw Error(ErrorCode::kInvalidArgument, "kv-cache: the graph has " + std::to_string(calls.size()) +
                                               " calls of attention, its metadata say " +
                                               std::to_string(layers) + " layers")
      .key("tessera.layers");
}

/// The metadata's head_dim; it must agree with the declared width of k.
int64_t head_dim_of(const Model& model, const Node& call, int64_t kv_heads) {
  const int64_t head_dim = graph::metadata_int(model, "tessera.head_dim");
  const ValueInfo* key = graph::find_value(model.graph, call.inputs[kKey]);
  const bool width_known = key && key->has_shape && !key->shape.empty() && key->shape.back().value >= 0;
  if (head_dim <= 0 || kv_heads <= 0 || (width_known && key->shape.back().value != kv_heads * head_dim)) {
    throw Error(ErrorCode::kInvalidArgument,
                "kv-cache: keys of width " + (width_known ? std::to_string(key->shape.back().value) : "?") +
                    " are not " + std::to_string(kv_heads) + " heads of " + std::to_string(head_dim))
        .node(graph::describe(call))
        .key("tessera.head_dim");
  }
  return head_dim;
}

/// The first dimension of `positions`, so that states and rows share a symbol.
Dimension batch_of(const Model& model, const Node& call) {
  const ValueInfo* positions = graph::find_value(model.graph, call.inputs[kPositionsInput]);
  if (positions && positions->has_shape && !positions->shape.empty()) return positions->shape[0];
  return graph::symbolic_dim("batch");
}

void add_state(Model& model, Node& call, const std::string& name, const std::vector<Dimension>& shape) {
  const std::string retained = name + "_RetainedState";
  const graph::ValueIndex index(model.graph);
  if (graph::has_input(model.graph, name) || index.producer(name) != graph::ValueIndex::kNone ||
      index.producer(retained) != graph::ValueIndex::kNone) {
    throw Error(ErrorCode::kInvalidArgument, "kv-cache: the graph has a value '" + name + "' already")
        .node(graph::describe(call))
        .remedy("list 'kv-cache' once");
  }
  call.inputs.push_back(name);
  call.outputs.push_back(retained);
  model.graph.inputs.push_back(graph::tensor_value(name, graph::DataType::kFloat, shape));
  model.graph.outputs.push_back(graph::tensor_value(retained, graph::DataType::kFloat, shape));
}

void add_cache(Model& model, Node& call, size_t layer) {
  if (call.inputs.size() != kAttentionInputs || call.outputs.size() != 1) {
    throw Error(ErrorCode::kInvalidArgument,
                "kv-cache: attention has four inputs and one output, this call has " +
                    std::to_string(call.inputs.size()) + " and " + std::to_string(call.outputs.size()))
        .node(graph::describe(call));
  }
  const int64_t kv_heads = graph::int_of(call, "kv_heads");
  const std::vector<Dimension> shape = {batch_of(model, call), graph::fixed_dim(kv_heads),
                                        graph::symbolic_dim("ctx_len"),
                                        graph::fixed_dim(head_dim_of(model, call, kv_heads))};
  const std::string number = std::to_string(layer);
  add_state(model, call, "past_key." + number, shape);
  add_state(model, call, "past_value." + number, shape);
  retarget(call, kPureAttention, kCachedAttention);
  graph::append_pass(call, "kv-cache");
}

}  // namespace

bool KvCache::apply(Model& model, const sdk::TransformArgs&) const {
  check_order(model);
  const std::vector<Node*> calls = find_attention(model, kPureAttention);
  check_layers(model, calls);
  for (size_t layer = 0; layer < calls.size(); ++layer) add_cache(model, *calls[layer], layer);
  swap_functions(model, kCachedAttention);
  return true;
}

}  // namespace tessera::transforms
