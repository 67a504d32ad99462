/// What changes single logits before tokens are chosen, in the order of this file. Token ids beyond the row
/// cannot be generated and are passed over, as Hugging Face does.
#pragma once

#include <cstdint>
#include <span>

#include "runtime/sampling/candidates.hpp"
#include "runtime/sampling/token_history.hpp"
#include "tessera/sampling.hpp"

namespace tessera::sampling {

/// logit += bias (`logit_bias` of the OpenAI API; Hugging Face's SequenceBiasLogitsProcessor for single
/// tokens). check_vocabulary() refuses ids beyond the row.
void add_bias(std::span<const LogitBias> bias, std::span<float> logits, LogitEdits& edits);

/// logit / penalty when positive, logit * penalty when negative, of every token in prompt and generation
/// (arXiv:1909.05858; Hugging Face's RepetitionPenaltyLogitsProcessor).
void penalize_repetition(double penalty, std::span<const TokenCount> counts, std::span<float> logits,
                         LogitEdits& edits);

/// logit -= count * frequency + (count > 0) * presence, count: how often the token was generated
/// (OpenAI API, "Frequency and presence penalties").
void penalize_presence_and_frequency(double presence, double frequency, std::span<const TokenCount> counts,
                                     std::span<float> logits, LogitEdits& edits);

/// logit = minus infinity.
void ban(std::span<const int64_t> tokens, std::span<float> logits, LogitEdits& edits);

}  // namespace tessera::sampling
