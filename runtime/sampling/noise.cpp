#include "runtime/sampling/noise.hpp"

#include "runtime/sampling/elementary.hpp"
#include "runtime/sampling/vector_clones.hpp"

namespace tessera::sampling {
namespace {

constexpr uint32_t kLeading = 0, kTrailing = 1;
constexpr size_t kCounterLanes = 16;  // counters that are worked on together; what the compiler vectorises

/// Four tokens share a counter, each takes one word.
PhiloxCounter counter_of(int64_t token, uint64_t token_index, uint32_t choice, uint32_t level) {
  return {static_cast<uint32_t>(token / 4), static_cast<uint32_t>(token_index), choice, level};
}

}  // namespace

double Noise::gumbel(uint64_t token_index, int64_t token) const {
  const auto word = static_cast<size_t>(token % 4);
  const uint64_t high = philox4x32(counter_of(token, token_index, choice_index_, kLeading), key())[word];
  const uint64_t low = philox4x32(counter_of(token, token_index, choice_index_, kTrailing), key())[word];
  // The middle of the interval, so that it is never 0; the largest doubles below 1 would round up to it.
  const double v = (static_cast<double>(high << 32 | low) + 0.5) * 0x1p-64;
  const double e = -log_one_minus(v < 1 - 0x1p-53 ? v : 1 - 0x1p-53);
  return -log_positive(e);
}

/// philox4x32 of `blocks` counters from `start` on, blocks a multiple of kCounterLanes.
TESSERA_VECTOR_CLONES static void philox_blocks(PhiloxCounter start, PhiloxKey key, size_t blocks,
                                                uint32_t* words) {
  for (size_t at = 0; at < blocks; at += kCounterLanes) {
    uint32_t c0[kCounterLanes], c1[kCounterLanes], c2[kCounterLanes], c3[kCounterLanes];
    for (uint32_t lane = 0; lane < kCounterLanes; ++lane) {
      c0[lane] = start[0] + static_cast<uint32_t>(at) + lane;
      c1[lane] = start[1];
      c2[lane] = start[2];
      c3[lane] = start[3];
    }
    PhiloxKey k = key;
    for (int round = 0; round < philox::kRounds; ++round) {
      for (size_t lane = 0; lane < kCounterLanes; ++lane) {
        const uint64_t a = uint64_t{philox::kMultiplier0} * c0[lane];
        const uint64_t b = uint64_t{philox::kMultiplier1} * c2[lane];
        c0[lane] = static_cast<uint32_t>(b >> 32) ^ c1[lane] ^ k[0];
        c2[lane] = static_cast<uint32_t>(a >> 32) ^ c3[lane] ^ k[1];
        c1[lane] = static_cast<uint32_t>(b);
        c3[lane] = static_cast<uint32_t>(a);
      }
      k = {k[0] + philox::kWeyl0, k[1] + philox::kWeyl1};
    }
    for (size_t lane = 0; lane < kCounterLanes; ++lane) {
      uint32_t* out = words + 4 * (at + lane);
      out[0] = c0[lane];
      out[1] = c1[lane];
      out[2] = c2[lane];
      out[3] = c3[lane];
    }
  }
}

void Noise::leading_words(uint64_t token_index, int64_t first, std::span<uint32_t> words) const {
  PhiloxCounter counter = counter_of(first, token_index, choice_index_, kLeading);
  const size_t whole = words.size() / 4 / kCounterLanes * kCounterLanes;
  philox_blocks(counter, key(), whole, words.data());
  counter[0] += static_cast<uint32_t>(whole);
  for (size_t at = 4 * whole; at < words.size(); at += 4, ++counter[0]) {
    const PhiloxCounter block = philox4x32(counter, key());
    for (size_t word = 0; word < 4; ++word) words[at + word] = block[word];
  }
}

}  // namespace tessera::sampling
