#include <fmt/format.h>

#include <cmath>
#include <random>
#include <set>
#include <string_view>

#include "tessera/sampling.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::sampling {
namespace {

[[noreturn]] void refuse(std::string_view key, std::string message, std::string_view remedy) {
  throw Error(ErrorCode::kInvalidArgument, std::move(message)).key(key).remedy(remedy);
}

/// A field that is a number, and the numbers it may be.
struct Range {
  std::string_view key;
  double value;
  double least, most;
  bool least_is_outside;
  std::string_view remedy;
};

void check(const Range& range) {
  const bool inside = range.value >= range.least && range.value <= range.most &&
                      !(range.least_is_outside && range.value == range.least);
  if (inside) return;
  const std::string least = fmt::format("{} {}", range.least_is_outside ? "above" : "from", range.least);
  const std::string most =
      std::isinf(range.most) || range.most > 1e30 ? "" : fmt::format(" to {}", range.most);
  refuse(range.key, fmt::format("{} is {}, expected a number {}{}", range.key, range.value, least, most),
         range.remedy);
}

void check_numbers(const SamplingParams& p) {
  constexpr double kMost = 3.4e38;  // the arithmetic is that of logits, in float
  check({"temperature", p.temperature, 0, kMost, false, "0 decodes greedily"});
  check({"top_p", p.top_p, 0, 1, false, "1 turns it off"});
  check({"min_p", p.min_p, 0, 1, false, "0 turns it off"});
  check({"typical_p", p.typical_p, 0, 1, true, "1 turns it off"});
  check({"repetition_penalty", p.repetition_penalty, 0, kMost, true, "1 turns it off"});
  check({"presence_penalty", p.presence_penalty, -2, 2, false, "0 turns it off"});
  check({"frequency_penalty", p.frequency_penalty, -2, 2, false, "0 turns it off"});
}

void check_counts(const SamplingParams& p) {
  const auto check_count = [](std::string_view key, int64_t value, int64_t least, std::string_view remedy) {
    if (value >= least) return;
    refuse(key, fmt::format("{} is {}, expected a whole number from {}", key, value, least), remedy);
  };
  check_count("top_k", p.top_k, 0, "0 turns it off");
  check_count("no_repeat_ngram_size", p.no_repeat_ngram_size, 0, "0 turns it off");
  check_count("min_tokens", p.min_tokens, 0, "0 turns it off");
  check_count("logprobs", p.logprobs, -1, "-1 turns it off, 0 gives that of the chosen token alone");
  check_count("n", p.n, 1, "1 makes one text");
  check_count("best_of", p.best_of, 0, "0 makes as many texts as it gives back");
  check_count("num_beams", p.num_beams, 1, "1 samples, or decodes greedily");
}

void check_logit_bias(const SamplingParams& p) {
  std::set<int64_t> seen;
  for (const auto& [token, bias] : p.logit_bias) {
    if (token < 0) refuse("logit_bias", fmt::format("token id {} is negative", token), "give ids from 0");
    if (!std::isfinite(bias)) {
      refuse("logit_bias", fmt::format("the bias of token {} is {}, expected a finite number", token, bias),
             "-100 practically bans a token");
    }
    if (!seen.insert(token).second) {
      refuse("logit_bias", fmt::format("token {} has two biases", token), "give one");
    }
  }
}

/// Values that are fine alone and have no meaning together.
void check_combinations(const SamplingParams& p) {
  if (p.num_beams > 1) {
    throw Error(ErrorCode::kNotSupported, "beam search is not supported")
        .key("num_beams")
        .remedy("num_beams 1; best_of gives the likeliest of several sampled texts");
  }
  if (p.best_of > 0 && p.best_of < p.n) {
    refuse("best_of", fmt::format("best_of is {}, less than n, {}", p.best_of, p.n), "give n or more");
  }
  if (p.greedy() && p.choices() > 1) {
    refuse(p.n > 1 ? "n" : "best_of",
           fmt::format("{} texts at temperature 0 would all be the same", p.choices()),
           "give a temperature above 0, or ask for one text");
  }
  if (p.greedy() && p.typical_p < 1) {
    refuse("typical_p", "typical sampling has no meaning at temperature 0", "give a temperature above 0");
  }
}

}  // namespace

void validate(const SamplingParams& params) {
  check_numbers(params);
  check_counts(params);
  check_logit_bias(params);
  check_combinations(params);
}

void check_vocabulary(const SamplingParams& params, int64_t vocab_size) {
  for (const auto& [token, bias] : params.logit_bias) {
    if (token < vocab_size) continue;
    refuse("logit_bias", fmt::format("token id {} is outside the {} rows of the head", token, vocab_size),
           "give ids of this model's tokenizer");
  }
}

SamplingParams with_seed(SamplingParams params) {
  if (params.seed) return params;
  std::random_device device;
  params.seed = (uint64_t{device()} << 32 | device()) >> 11;
  return params;
}

}  // namespace tessera::sampling
