/// slots: lets rows choose their place in the cache, so that one step serves many sequences.
///
///   before   y, ... = CachedAttention(q, k, v, positions, past_key.N, past_value.N)
///   after    y, ... = SlotAttention(q, k, v, positions, batch_index, past_key.N, past_value.N)
///
/// Adds the input `batch_index` int64 [batch, 1]: the slot of each row. States become [slots, kv_heads,
/// ctx_len, head_dim].
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class Slots : public sdk::Transform {
 public:
  std::string id() const override { return "slots"; }
  std::string version() const override { return "1"; }
  std::string summary() const override {
    return "rows name the slot of the cache that they use: input batch_index";
  }
  /// Throws kInvalidArgument when the graph has no cache or has slots already.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
