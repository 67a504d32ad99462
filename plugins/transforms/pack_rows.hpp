/// pack-rows: an encoder's graph for sequences of any lengths packed behind one another, one token a row.
///
///   before   BidirectionalAttention(q, k, v, attention_mask)    [batch, seq, ...]; batch row b is a sequence
///   after    PackedAttention(q, k, v, batch_index)              [batch, 1, ...]; rows of one batch_index are
///   one before   y = FirstToken(hidden)                             [batch, hidden] after    y =
///   Flatten(Gather(hidden, first_rows))            [sequences, hidden]
///
/// New inputs: batch_index int64 [batch, 1], the sequence of each row; position_ids int64 [batch, 1], which
/// the graph made itself before; first_rows int64 [sequences], the row that each sequence begins with, where
/// a FirstToken needs it. attention_mask goes: there is no padding.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class PackRows : public sdk::Transform {
 public:
  std::string id() const override { return "pack-rows"; }
  std::string version() const override { return "1"; }
  std::string summary() const override {
    return "packs sequences of an encoder behind one another, without padding";
  }
  /// Throws kInvalidArgument when the graph has no bidirectional attention, is packed already, uses its
  /// attention_mask for anything else, or names no value `position_ids`.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
