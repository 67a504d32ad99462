/// kv-cache: gives a pure decoder a cache of keys and values.
///
///   before   y = Attention(q, k, v, positions)
///   after    y, past_key.N_RetainedState, past_value.N_RetainedState =
///                CachedAttention(q, k, v, positions, past_key.N, past_value.N)
///
/// The states are inputs and outputs of the graph, float [batch, kv_heads, ctx_len, head_dim]; N counts the
/// attention calls in the order of the graph. Outputs are appended layer by layer, key before value.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class KvCache : public sdk::Transform {
 public:
  std::string id() const override { return "kv-cache"; }
  std::string version() const override { return "1"; }
  std::string summary() const override {
    return "keeps keys and values of earlier positions in retained state";
  }
  /// Throws kInvalidArgument when the graph has no attention, a cache already, or dimensions that disagree.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
