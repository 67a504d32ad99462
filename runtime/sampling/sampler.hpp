/// Chooses the tokens of one sequence.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/sampling/candidates.hpp"
#include "runtime/sampling/noise.hpp"
#include "runtime/sampling/token_history.hpp"
#include "tessera/sampling.hpp"

namespace tessera::sampling {

struct Choice {
  int64_t token;
  std::optional<TokenLogprobs> logprobs;  ///< there when the parameters ask for it
};

/// What is decided depends on the parameters, the prompt, the accepted tokens and the row of logits alone:
/// never on what else is in the batch, on threads, or on how often choose() was called before. A copy is
/// independent of the original. Not thread-safe; different samplers may run at once with a Workspace each.
///
/// Plain decoding:       choice = choose(row); accept(choice.token)
/// Verifying a draft d:  for each row i: choice = choose(row i); accept(choice.token); go on while it is d[i]
/// Drafting:             the draft model's own Sampler with the same parameters and prompt chooses and
/// accepts
///                       K tokens; then rollback() to the number that the target accepted.
class Sampler {
 public:
  /// prompt       ids, also those that another sequence has computed before
  /// end_tokens   ids that end the text (of the model unless ignored, and the request's own): what min_tokens
  ///              holds back
  /// choice_index which of the request's n texts; part of the noise
  /// Throws Error as validate() does, and kMisuse when a sampled (not greedy) text has no seed.
  Sampler(SamplingParams params, std::span<const int64_t> prompt, std::span<const int64_t> end_tokens,
          uint32_t choice_index = 0);

  /// The token at index accepted() of the generation.
  /// logits  [vocabulary]; changed on the way and as before on return, also when it throws
  /// Throws Error kInternal when a logit is NaN or plus infinity, kInvalidArgument when the parameters leave
  /// no token (all are banned).
  Choice choose(std::span<float> logits, Workspace& workspace) const;

  /// The tokens that choose() draws from at a temperature above 0, with their scores: token i is chosen with
  /// probability e^score_i / sum of e^score. They lie in `workspace`. Throws as choose() does.
  const Candidates& candidates(std::span<float> logits, Workspace& workspace) const;

  /// Takes the next token of the generation, normally the chosen one.
  void accept(int64_t token);

  /// Takes back the last tokens so that `accepted` are left; as if they had never been accepted. Cost: the
  /// tokens taken back. Throws Error kMisuse when there are fewer.
  void rollback(size_t accepted);

  size_t accepted() const { return history_.generated(); }
  const SamplingParams& params() const { return params_; }

  /// The same state for another choice: what n texts from one prefill start from.
  Sampler fork(uint32_t choice_index) const;
  /// The same state for a draft model: its choices are the same, nobody reads their log-probabilities.
  Sampler without_logprobs() const;

 private:
  void process(std::span<float> logits, Workspace& workspace) const;
  void filter(std::span<const float> logits, float largest, Workspace& workspace) const;
  float process_and_check(std::span<float> logits, float raw_largest, Workspace& workspace) const;

  SamplingParams params_;
  std::vector<int64_t> end_tokens_;
  Noise noise_;
  TokenHistory history_;
};

}  // namespace tessera::sampling
