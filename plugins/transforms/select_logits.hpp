/// select-logits: computes the head, the largest matrix of a small model, only where somebody wants logits.
///
///   before   logits = Linear(hidden, head)                              [batch, seq, vocab]
///   rows     logits = Linear(Gather(hidden, logits_rows), head)         [n, seq, vocab]; input logits_rows
///   int64 [n] last     the position that is largest in each row of position_ids   [batch, 1, vocab] last-k
///   that position and the k - 1 before it, ascending           [batch, k, vocab] kept     the same with the
///   k of each run: the length of the input
///            num_logits_to_keep int64 [k, 1], whose elements mean nothing   [batch, k, vocab]
///
/// `rows` fits backends whose rows are single tokens (seq = 1); the others those with whole sequences. In a
/// row with fewer than k positions, `last-k` repeats the first one and `kept` gives columns 0 .. k - 1, of
/// which those that are padding mean nothing; seq must be k at least.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class SelectLogits : public sdk::Transform {
 public:
  std::string id() const override { return "select-logits"; }
  std::string version() const override { return "2"; }
  std::string summary() const override { return "computes logits for chosen rows only"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kInvalidArgument when there is no output `logits`, when `tessera.Linear` does not make it, or
  /// when rows are chosen already.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
