/// A fast hash of short byte strings for the tables of this folder. Not for input that an adversary may
/// choose tables by: every table here either holds a fixed vocabulary or replaces entries that collide.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace tessera::tokenizer {

inline uint64_t mix_hash(uint64_t h) noexcept {
  h ^= h >> 32;
  h *= 0x9E3779B97F4A7C15u;  // 2^64 / golden ratio, odd
  return h ^ h >> 29;
}

inline uint64_t hash_bytes(std::string_view bytes) noexcept {
  const char* s = bytes.data();
  size_t left = bytes.size();
  uint64_t h = 0x51ED270B9F1D6E4Fu ^ left;
  for (; left >= 8; s += 8, left -= 8) {
    uint64_t word;
    std::memcpy(&word, s, 8);
    h = mix_hash(h ^ word);
  }
  if (left == 0) return h;
  uint64_t word = 0;
  std::memcpy(&word, s, left);
  return mix_hash(h ^ word);
}

}  // namespace tessera::tokenizer
