/// Philox 4x32-10: a counter to four random words, with no state.
/// Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <array>
#include <cstdint>

namespace tessera::sampling {

using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

namespace philox {
// The multipliers and the Weyl sequence that the key moves along, section 4.3 of the paper.
inline constexpr uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
inline constexpr uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
inline constexpr int kRounds = 10;
}  // namespace philox

/// Four words, uniform and independent for different counters and keys. Any thread.
constexpr PhiloxCounter philox4x32(PhiloxCounter c, PhiloxKey key) {
  for (int round = 0; round < philox::kRounds; ++round) {
    const uint64_t a = uint64_t{philox::kMultiplier0} * c[0];
    const uint64_t b = uint64_t{philox::kMultiplier1} * c[2];
    c = {static_cast<uint32_t>(b >> 32) ^ c[1] ^ key[0], static_cast<uint32_t>(b),
         static_cast<uint32_t>(a >> 32) ^ c[3] ^ key[1], static_cast<uint32_t>(a)};
    key = {key[0] + philox::kWeyl0, key[1] + philox::kWeyl1};
  }
  return c;
}

}  // namespace tessera::sampling
