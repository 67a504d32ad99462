/// device-sampler: the graph chooses the next token itself instead of giving logits.
///
///   before   logits f32 [batch, 1, vocab]
///   after    next_tokens i64 [batch, 1, 1]
///
/// New inputs, rows as those of input_ids:
///   last_accepted_output_tokens i64 [batch, seq]      tokens that were drawn and are fed now; -1: none
///   past_repetition_penalty_buffer bool [slots or batch, vocab]   state: seen in prompt or output
///   repetition_penalties f32 [batch, 1]               1: none
///   past_presence_penalty_buffer bool [slots or batch, vocab]     state: seen in the output
///   presence_penalties f32 [batch, 1]                 0: none
///   temperatures f32 [batch, 1]                       0: the largest logit
///   top_ks i32 [batch, 1]                             below 1: all max_top_k_ids
///   top_ps, min_ps f32 [batch, 1]                     1 and 0: all
///   random_numbers f32 [batch, max_top_k_ids]         uniforms, one a candidate, the best candidate's last
///   [token_bitmasks bool [batch, vocab]]              false: forbidden
/// New outputs behind the other states: both buffers' _RetainedState.
///
/// A row is a prompt's when the call has several columns or the row begins at position 0; there its buffers
/// are empty first. A prompt's tokens come from input_ids and count for repetition; later ones come from
/// last_accepted_output_tokens and count for both. Position -1 is padding and marks nothing; rows of padding
/// alone leave every buffer as it is. Two used rows of a call do not name one slot.
///
/// Order: bitmask; buffers; repetition (x > 0 ? x / r : x * r); presence (x - p); the greedy token; the
/// max_top_k_ids largest; temperature; top-k; top-p (the smallest set whose probability is at least p);
/// min-p; Gumbel-max: the largest of x - log(-log u). What is excluded is -inf, which no noise lifts.
/// Uniforms are taken within [2^-14, 1 - 2^-11], which float16 tells from 0 and 1.
#pragma once

#include "tessera/sdk/transform.hpp"

namespace tessera::transforms {

class DeviceSampler : public sdk::Transform {
 public:
  std::string id() const override { return "device-sampler"; }
  std::string version() const override { return "1"; }
  std::string summary() const override { return "the graph draws the next token instead of giving logits"; }
  std::vector<sdk::OptionInfo> options() const override;
  /// Throws kInvalidArgument for a graph without QAic's states or without one row of logits a sequence, and
  /// for more candidates than the vocabulary has; kNotSupported for return-pdfs and for a speculative target.
  bool apply(graph::Model& model, const sdk::TransformArgs& args) const override;
};

}  // namespace tessera::transforms
