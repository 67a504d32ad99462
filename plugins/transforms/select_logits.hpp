/// select-logits: computes the head, the largest matrix of a small model, only where somebody wants logits.
///
///   before   logits = Linear(hidden, head)                            [batch, seq, vocab]
///   rows     logits = Linear(Gather(hidden, logits_rows), head)       [n, seq, vocab]; input logits_rows
///   int64 [n] last     the position that is largest in each row of position_ids [batch, 1, vocab] last-k
///   that position and the k - 1 before it, ascending         [batch, k, vocab]
///
/// `rows` fits backends whose rows are single tokens (seq = 1); `last` and `last-k` those with whole
/// sequences. A row with fewer than k positions repeats its first one.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class SelectLogits : public sdk::Transform {
 public:
  std::string id() const override { return "select-logits"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "computes logits for chosen rows only"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kInvalidArgument when there is no output `logits`, when `tessera.Linear` does not make it, or
  /// when rows are chosen already.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
