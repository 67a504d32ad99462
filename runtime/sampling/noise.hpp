/// The noise that makes sampling a maximum: argmax(score + Gumbel noise) is distributed as softmax(score).
#pragma once

#include <cstdint>
#include <span>

#include "runtime/sampling/philox.hpp"

namespace tessera::sampling {

/// Noise = f(seed, choice index, index of the generated token, token id) and of nothing else: Philox with the
/// seed as key and the three others in the counter. A value; any thread.
///
/// The uniform v in (0, 1) has 64 bits: a leading word from the counter with level 0, a trailing one from
/// level 1, so that small v, which win, are fine enough for probabilities far below 2^-32. The standard
/// Gumbel variable is -log(e) with the exponential variable e = -log(1 - v) >= v.
class Noise {
 public:
  Noise(uint64_t seed, uint32_t choice_index) : seed_(seed), choice_index_(choice_index) {}

  double gumbel(uint64_t token_index, int64_t token) const;

  /// Leading words of the tokens first .. first + words.size() - 1; `first` and the size are multiples of 4.
  /// A token's v is at least word * 2^-32: what cannot win is known without a logarithm.
  void leading_words(uint64_t token_index, int64_t first, std::span<uint32_t> words) const;

 private:
  PhiloxKey key() const { return {static_cast<uint32_t>(seed_), static_cast<uint32_t>(seed_ >> 32)}; }

  uint64_t seed_;
  uint32_t choice_index_;
};

}  // namespace tessera::sampling
