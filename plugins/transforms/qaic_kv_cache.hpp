/// qaic-kv-cache: gives a pure decoder retained state in the form that a QAic compiler takes: operators that
/// write and read it by position, and a mask made from position_ids alone.
///
///   before   y = Attention(q, k, v, positions)
///   after    past_key.N_RetainedState   = CtxScatter(past_key.N, write_positions, k_heads)
///            past_value.N_RetainedState = CtxScatter(past_value.N, write_positions, v_heads)
///            keys   = CtxGather(past_key.N_RetainedState, read_positions, length)
///            values = Where(beyond, 0, CtxGather(past_value.N_RetainedState, read_positions, length))
///            y = softmax(Where(masked, -inf, q_heads keys^T * scale)) values
///
/// What all layers share stands once, in front, under the path `kv_cache`:
///   write_positions [batch, seq]    the position; INT32_MAX for padding (-1), which writes nothing
///   read_positions  [batch, 1, C]   0, 1, ...; INT32_MAX beyond the row's largest position
///   masked          [batch, 1, seq, C]   true where the key's position is beyond the query's (or its window)
/// with C = ctx_len, or the length of comp_ctx_lengths.
///
/// States are float [batch, kv_heads, ctx_len, head_dim], as kv-cache has them. Padding never reaches other
/// rows: its scores are masked by Where, not by adding, and values beyond the row's positions are zero, so
/// that even NaN in a padding row stays there.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class QaicKvCache : public sdk::Transform {
 public:
  std::string id() const override { return "qaic-kv-cache"; }
  std::string version() const override { return "1"; }
  std::string summary() const override {
    return "retained state by the operators of a QAic compiler, masks from positions";
  }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kInvalidArgument when the graph has no attention, a cache already, or dimensions that disagree.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
