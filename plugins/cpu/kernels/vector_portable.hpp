/// Sixteen floats in an array, for any processor, see vector_avx512.hpp. Every operation does per lane what
/// the instructions of the other tiers do, so that bits are equal; the fused multiply-add is exact also where
/// it must be emulated (then it is slow).
#pragma once

#include <cstdint>

#include "half.hpp"

namespace tessera::cpu {
namespace {

struct Vec {
  float lane[16];
};
struct VecInt {
  int32_t lane[16];
};

constexpr int kTileRows = 4;
constexpr int kStreamRows = kTileRows;
constexpr int kTileVecs = 1;

template <class Function>
inline Vec per_lane(Function f) {
  Vec v;
  for (int i = 0; i < 16; ++i) v.lane[i] = f(i);
  return v;
}
template <class Function>
inline VecInt per_int_lane(Function f) {
  VecInt v;
  for (int i = 0; i < 16; ++i) v.lane[i] = f(i);
  return v;
}

inline Vec splat(float x) {
  return per_lane([&](int) { return x; });
}
inline Vec zero() {
  return splat(0.0f);
}
inline Vec load(const float* p) {
  return per_lane([&](int i) { return p[i]; });
}
inline void store(float* p, const Vec& v) {
  for (int i = 0; i < 16; ++i) p[i] = v.lane[i];
}
inline Vec load_first(const float* p, int64_t n) {
  return per_lane([&](int i) { return i < n ? p[i] : 0.0f; });
}
inline void store_first(float* p, const Vec& v, int64_t n) {
  for (int64_t i = 0; i < n; ++i) p[i] = v.lane[i];
}

inline Vec load_weights(const float* p) {
  return load(p);
}
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};
inline Vec load_weights(const Half* p) {
  return per_lane([&](int i) { return f16_to_f32(p[i].bits); });
}
inline Vec load_weights(const Bfloat* p) {
  return per_lane([&](int i) { return bf16_to_f32(p[i].bits); });
}

inline Vec add(const Vec& a, const Vec& b) {
  return per_lane([&](int i) { return a.lane[i] + b.lane[i]; });
}
inline Vec sub(const Vec& a, const Vec& b) {
  return per_lane([&](int i) { return a.lane[i] - b.lane[i]; });
}
inline Vec mul(const Vec& a, const Vec& b) {
  return per_lane([&](int i) { return a.lane[i] * b.lane[i]; });
}
inline Vec div(const Vec& a, const Vec& b) {
  return per_lane([&](int i) { return a.lane[i] / b.lane[i]; });
}
inline Vec fma(const Vec& a, const Vec& b, const Vec& c) {
  return per_lane([&](int i) { return __builtin_fmaf(a.lane[i], b.lane[i], c.lane[i]); });
}
inline Vec fnma(const Vec& a, const Vec& b, const Vec& c) {
  return per_lane([&](int i) { return __builtin_fmaf(-a.lane[i], b.lane[i], c.lane[i]); });
}
inline Vec min(const Vec& a, const Vec& b) {
  return per_lane([&](int i) { return a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline Vec max(const Vec& a, const Vec& b) {
  return per_lane([&](int i) { return a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i]; });
}
inline Vec absolute(const Vec& v) {
  return per_lane([&](int i) { return __builtin_fabsf(v.lane[i]); });
}
inline Vec select_negative(const Vec& x, const Vec& a, const Vec& b) {
  return per_lane([&](int i) { return x.lane[i] < 0.0f ? b.lane[i] : a.lane[i]; });
}
inline Vec keep_lanes(const Vec& v, int64_t begin, int64_t end, const Vec& other) {
  return per_lane([&](int i) { return i >= begin && i < end ? v.lane[i] : other.lane[i]; });
}

inline VecInt bits_of(const Vec& v) {
  VecInt bits;
  __builtin_memcpy(&bits, &v, sizeof bits);
  return bits;
}
inline Vec float_of(const VecInt& v) {
  Vec f;
  __builtin_memcpy(&f, &v, sizeof f);
  return f;
}
inline VecInt splat_int(int32_t x) {
  return per_int_lane([&](int) { return x; });
}
// Unsigned arithmetic: lanes that hold a NaN may overflow, and wrap as the instructions do.
inline VecInt add(const VecInt& a, const VecInt& b) {
  return per_int_lane([&](int i) {
    return static_cast<int32_t>(static_cast<uint32_t>(a.lane[i]) + static_cast<uint32_t>(b.lane[i]));
  });
}
inline VecInt sub(const VecInt& a, const VecInt& b) {
  return per_int_lane([&](int i) {
    return static_cast<int32_t>(static_cast<uint32_t>(a.lane[i]) - static_cast<uint32_t>(b.lane[i]));
  });
}
inline VecInt half_down(const VecInt& v) {
  return per_int_lane([&](int i) { return v.lane[i] >> 1; });
}
inline VecInt to_exponent(const VecInt& v) {
  return per_int_lane([&](int i) { return static_cast<int32_t>(static_cast<uint32_t>(v.lane[i]) << 23); });
}

inline float sum_lanes(Vec v) {
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) v.lane[i] = v.lane[i] + v.lane[i + width];
  }
  return v.lane[0];
}
inline float max_lanes(Vec v) {
  for (int width = 8; width > 0; width /= 2) {
    for (int i = 0; i < width; ++i) v.lane[i] = v.lane[i] > v.lane[i + width] ? v.lane[i] : v.lane[i + width];
  }
  return v.lane[0];
}

inline void transpose_16(int h, const float* x, int64_t ldx, float* out) {
  for (int k = 0; k < 16; ++k) {
    for (int r = 0; r < h; ++r) out[k * h + r] = x[r * ldx + k];
  }
}

inline void prefetch(const void*) {}
inline void prefetch_far(const void*) {}

}  // namespace
}  // namespace tessera::cpu
