/// How the next token is chosen from the logits. The order of the steps, their formulas and sources:
/// docs/sampling.md.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace tessera::sampling {

/// A token id and what is added to its logit.
using LogitBias = std::pair<int64_t, float>;

/// Names, neutral values and ranges are those of Hugging Face and of the OpenAI API. A field at
/// its neutral value, which it has here, does nothing; all together decode greedily. What ends a text beside
/// min_tokens (stop texts, stop ids, ignore_eos) is in GenerateOptions.
struct SamplingParams {
  double temperature = 0;         ///< from 0; 0 is greedy: the largest logit, the lowest id among equals
  int64_t top_k = 0;              ///< 0: all; k: what is at least the k-th largest logit, ties included
  double top_p = 1;               ///< 0 to 1: the smallest set of best tokens with that much probability
  double min_p = 0;               ///< 0 to 1: at least that part of the best token's probability
  double typical_p = 1;           ///< above 0 to 1: locally typical set with that much probability
  double repetition_penalty = 1;  ///< above 0; of tokens of prompt and generation
  double presence_penalty = 0;    ///< -2 to 2; of generated tokens, once
  double frequency_penalty = 0;   ///< -2 to 2; of generated tokens, each time
  int64_t no_repeat_ngram_size =
      0;  ///< 0: off; n tokens in a row stand at most once in prompt and generation
  std::vector<LogitBias> logit_bias = {};  ///< finite, no id twice
  int64_t min_tokens = 0;                  ///< no end token (and no stop text) before that many tokens
  std::optional<uint64_t> seed = {};       ///< nothing: drawn, see with_seed()
  int64_t logprobs = -1;                   ///< -1: none; m: of the chosen token and of the m best
  int64_t n = 1;                           ///< texts from one prompt; choice i has noise of its own
  int64_t best_of = 0;    ///< 0: n; more than n: that many are made, the n likeliest are given back
  int64_t num_beams = 1;  ///< only 1: beam search is not supported

  bool greedy() const { return temperature == 0; }
  /// Texts that are made from one prompt.
  int64_t choices() const { return best_of > n ? best_of : n; }
};

/// Throws Error kInvalidArgument (a value out of its range, NaN, or of no meaning beside another one) or
/// kNotSupported (beam search), naming the field as key.
void validate(const SamplingParams& params);

/// Throws Error kInvalidArgument for a logit_bias of an id beyond the model's `vocab_size` rows.
void check_vocabulary(const SamplingParams& params, int64_t vocab_size);

/// The same with a seed: drawn from the system's entropy when there is none, below 2^53, so that every JSON
/// reader keeps it. All choices of a request and its draft model share one.
SamplingParams with_seed(SamplingParams params);

/// Natural logarithm of a token's probability in the model's own distribution: of the raw logits, before
/// penalties, temperature and filters.
struct TokenLogprob {
  int64_t token;
  double logprob;
};

/// Of one generated token.
struct TokenLogprobs {
  TokenLogprob chosen;
  std::vector<TokenLogprob> top;  ///< best first, the lower id first among equals; min(logprobs, vocabulary)
};

}  // namespace tessera::sampling
