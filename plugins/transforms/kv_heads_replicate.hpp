/// kv-heads-replicate: each key and value head `copies` times, so that more devices than heads can share the
/// cache (tensor slicing). Query heads keep reading the same keys.
///
///   before   k = Linear(x, w)                  w [kv_heads * D, hidden]
///   after    k = Linear(x, Gather(w, rows))    [kv_heads * copies * D, hidden]: head 0, 0, 1, 1, ...
///
/// The same with biases. The Gathers are weight nodes (tessera/sdk/weight_nodes.hpp): an export evaluates
/// them streamed. The calls' kv_heads and the metadata's are multiplied.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class KvHeadsReplicate : public sdk::Transform {
 public:
  std::string id() const override { return "kv-heads-replicate"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "repeats key and value heads, for more devices than heads"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// copies 1 leaves the graph as it is. Throws kInvalidArgument for copies that do not divide the query
  /// heads of a key head, or a graph with a cache already; kNotSupported naming a node between the attention
  /// and the projection of keys and values that is neither of the two (a fused projection, as GPT-2 has).
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
