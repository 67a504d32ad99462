#include "core/graph/float_formats.hpp"

#include <cstdint>
#include <cstring>
#include <string>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

// The loops are plain; a clone for wider vectors is chosen when the program starts. Bits are the same in all.
// Sanitized code has none: a resolver runs before the sanitizer does.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)
#define TESSERA_WIDE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define TESSERA_WIDE_CLONES
#endif

namespace tessera::graph {
namespace {

float as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
uint32_t as_bits(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

/// All cases are computed and one is taken, so that the loop has no branch.
inline uint16_t half_bits(float value) {
  constexpr uint32_t kInfinity = 0x7f800000, kOverflow = 0x477ff000, kSmallestNormal = 0x38800000;
  const uint32_t bits = as_bits(value), magnitude = bits & 0x7fffffff;
  const uint32_t odd = (magnitude >> 13) & 1;
  const uint32_t normal = (magnitude - (112u << 23) + 0xfff + odd) >> 13;
  // Adding 0.5 leaves the rounded subnormal in the low bits of the sum.
  const uint32_t small = as_bits(as_float(magnitude) + 0.5f) - 0x3f000000;
  uint32_t result = magnitude < kSmallestNormal ? small : normal;
  result = magnitude >= kOverflow ? 0x7c00u : result;
  result = magnitude > kInfinity ? 0x7e00u : result;
  return static_cast<uint16_t>(result | ((bits >> 16) & 0x8000));
}

inline float half_value(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16, magnitude = half & 0x7fffu;
  const uint32_t normal = (magnitude << 13) + (112u << 23);
  const float small = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;
  uint32_t result = magnitude < 0x400 ? as_bits(small) : normal;
  result = magnitude >= 0x7c00 ? (magnitude << 13) + (224u << 23) : result;
  return as_float(result | sign);
}

inline uint16_t bfloat_bits(float value) {
  const uint32_t bits = as_bits(value);
  const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7fffffff) > 0x7f800000 ? 0x7fc0u : rounded);
}

TESSERA_WIDE_CLONES void halves_to_floats(const char* in, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t half;
    std::memcpy(&half, in + 2 * i, sizeof half);
    out[i] = half_value(half);
  }
}
TESSERA_WIDE_CLONES void floats_to_halves(const float* in, size_t count, char* out) {
  for (size_t i = 0; i < count; ++i) {
    const uint16_t half = half_bits(in[i]);
    std::memcpy(out + 2 * i, &half, sizeof half);
  }
}
TESSERA_WIDE_CLONES void bfloats_to_floats(const char* in, size_t count, float* out) {
  for (size_t i = 0; i < count; ++i) {
    uint16_t bits;
    std::memcpy(&bits, in + 2 * i, sizeof bits);
    out[i] = as_float(static_cast<uint32_t>(bits) << 16);
  }
}
TESSERA_WIDE_CLONES void floats_to_bfloats(const float* in, size_t count, char* out) {
  for (size_t i = 0; i < count; ++i) {
    const uint16_t bits = bfloat_bits(in[i]);
    std::memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

[[noreturn]] void refuse(DataType dtype) {
  throw Error(ErrorCode::kNotSupported,
              "weights of type " + std::string(dtype_name(dtype)) + " are not converted");
}

}  // namespace

void to_floats(DataType dtype, const char* in, size_t count, float* out) {
  if (dtype == DataType::kFloat) {
    std::memcpy(out, in, count * sizeof(float));
  } else if (dtype == DataType::kFloat16) {
    halves_to_floats(in, count, out);
  } else if (dtype == DataType::kBfloat16) {
    bfloats_to_floats(in, count, out);
  } else {
    refuse(dtype);
  }
}

void from_floats(DataType dtype, const float* in, size_t count, char* out) {
  if (dtype == DataType::kFloat) {
    std::memcpy(out, in, count * sizeof(float));
  } else if (dtype == DataType::kFloat16) {
    floats_to_halves(in, count, out);
  } else if (dtype == DataType::kBfloat16) {
    floats_to_bfloats(in, count, out);
  } else {
    refuse(dtype);
  }
}

void round_to_float16(float* values, size_t count) {
  for (size_t i = 0; i < count; ++i) values[i] = half_value(half_bits(values[i]));
}

}  // namespace tessera::graph
