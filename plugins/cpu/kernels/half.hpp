/// Exact widening of 16-bit floats, without instructions that a plain x86-64 lacks.
/// `static`: the copies of one tier must not be shared with another (see kernel_table.hpp).
#pragma once

#include <cstdint>

namespace tessera::cpu {

[[maybe_unused]] static inline float float_of_bits(uint32_t bits) {
  float f;
  __builtin_memcpy(&f, &bits, sizeof f);
  return f;
}

/// bfloat16 is the upper half of a float.
[[maybe_unused]] static inline float bf16_to_f32(uint16_t bits) {
  return float_of_bits(uint32_t{bits} << 16);
}

/// IEEE binary16. Subnormals become normal floats, a signalling NaN becomes quiet, as VCVTPH2PS does.
[[maybe_unused]] static inline float f16_to_f32(uint16_t bits) {
  const uint32_t sign = uint32_t{bits & 0x8000u} << 16;
  const uint32_t exponent = (bits >> 10) & 0x1fu;
  const uint32_t fraction = bits & 0x3ffu;
  if (exponent == 0x1f) {
    return float_of_bits(sign | 0x7f800000u | (fraction << 13) | (fraction != 0 ? 0x400000u : 0u));
  }
  if (exponent != 0) return float_of_bits(sign | ((exponent + 112) << 23) | (fraction << 13));
  // Zero or subnormal: fraction * 2^-24 is exact, and normal in F32, so flush-to-zero does not touch it.
  const float magnitude = static_cast<float>(static_cast<int32_t>(fraction)) * 0x1p-24f;
  uint32_t magnitude_bits;
  __builtin_memcpy(&magnitude_bits, &magnitude, sizeof magnitude_bits);
  return float_of_bits(magnitude_bits | sign);
}

}  // namespace tessera::cpu
