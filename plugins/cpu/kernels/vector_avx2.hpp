/// Sixteen floats in two AVX2 registers, see vector_avx512.hpp.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace tessera::cpu {
namespace {

struct Vec {
  __m256 low, high;
};
struct VecInt {
  __m256i low, high;
};

// 6 x 2 sums of 8 floats, 2 weights and a broadcast fill 15 of 16 registers.
constexpr int kTileRows = 6;
constexpr int kStreamRows = kTileRows;
constexpr int kTileVecs = 1;

inline Vec zero() {
  return {_mm256_setzero_ps(), _mm256_setzero_ps()};
}
inline Vec splat(float x) {
  return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
}
inline Vec load(const float* p) {
  return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
}
inline void store(float* p, Vec v) {
  _mm256_storeu_ps(p, v.low);
  _mm256_storeu_ps(p + 8, v.high);
}

/// All ones in the lanes i of 0 .. 7 with i + offset < n.
inline __m256i lanes_below(int64_t n, int offset) {
  const __m256i lane = _mm256_add_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(offset));
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(static_cast<int32_t>(n)), lane);
}
inline Vec load_first(const float* p, int64_t n) {
  return {_mm256_maskload_ps(p, lanes_below(n, 0)), _mm256_maskload_ps(p + 8, lanes_below(n, 8))};
}
inline void store_first(float* p, Vec v, int64_t n) {
  _mm256_maskstore_ps(p, lanes_below(n, 0), v.low);
  _mm256_maskstore_ps(p + 8, lanes_below(n, 8), v.high);
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
  const auto* q = reinterpret_cast<const __m128i*>(p);
  return {_mm256_cvtph_ps(_mm_loadu_si128(q)), _mm256_cvtph_ps(_mm_loadu_si128(q + 1))};
}
inline __m256 widen_bfloat(__m128i bits) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
inline Vec load_weights(const Bfloat* p) {
  const auto* q = reinterpret_cast<const __m128i*>(p);
  return {widen_bfloat(_mm_loadu_si128(q)), widen_bfloat(_mm_loadu_si128(q + 1))};
}

inline Vec add(Vec a, Vec b) {
  return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
}
inline Vec sub(Vec a, Vec b) {
  return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
}
inline Vec mul(Vec a, Vec b) {
  return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
}
inline Vec div(Vec a, Vec b) {
  return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
}
inline Vec fma(Vec a, Vec b, Vec c) {
  return {_mm256_fmadd_ps(a.low, b.low, c.low), _mm256_fmadd_ps(a.high, b.high, c.high)};
}
inline Vec fnma(Vec a, Vec b, Vec c) {
  return {_mm256_fnmadd_ps(a.low, b.low, c.low), _mm256_fnmadd_ps(a.high, b.high, c.high)};
}
inline Vec min(Vec a, Vec b) {
  return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
}
inline Vec max(Vec a, Vec b) {
  return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
}
inline Vec absolute(Vec v) {
  const __m256 sign = _mm256_set1_ps(-0.0f);
  return {_mm256_andnot_ps(sign, v.low), _mm256_andnot_ps(sign, v.high)};
}
inline __m256 select_negative(__m256 x, __m256 a, __m256 b) {
  return _mm256_blendv_ps(a, b, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ));
}
inline Vec select_negative(Vec x, Vec a, Vec b) {
  return {select_negative(x.low, a.low, b.low), select_negative(x.high, a.high, b.high)};
}
inline Vec keep_lanes(Vec v, int64_t begin, int64_t end, Vec other) {
  const __m256i low = _mm256_andnot_si256(lanes_below(begin, 0), lanes_below(end, 0));
  const __m256i high = _mm256_andnot_si256(lanes_below(begin, 8), lanes_below(end, 8));
  return {_mm256_blendv_ps(other.low, v.low, _mm256_castsi256_ps(low)),
          _mm256_blendv_ps(other.high, v.high, _mm256_castsi256_ps(high))};
}

inline VecInt bits_of(Vec v) {
  return {_mm256_castps_si256(v.low), _mm256_castps_si256(v.high)};
}
inline Vec float_of(VecInt v) {
  return {_mm256_castsi256_ps(v.low), _mm256_castsi256_ps(v.high)};
}
inline VecInt splat_int(int32_t x) {
  return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)};
}
inline VecInt add(VecInt a, VecInt b) {
  return {_mm256_add_epi32(a.low, b.low), _mm256_add_epi32(a.high, b.high)};
}
inline VecInt sub(VecInt a, VecInt b) {
  return {_mm256_sub_epi32(a.low, b.low), _mm256_sub_epi32(a.high, b.high)};
}
inline VecInt half_down(VecInt v) {
  return {_mm256_srai_epi32(v.low, 1), _mm256_srai_epi32(v.high, 1)};
}
inline VecInt to_exponent(VecInt v) {
  return {_mm256_slli_epi32(v.low, 23), _mm256_slli_epi32(v.high, 23)};
}

inline float sum_lanes(Vec v) {
  const __m256 a = _mm256_add_ps(v.low, v.high);
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}
inline float max_lanes(Vec v) {
  const __m256 a = _mm256_max_ps(v.low, v.high);
  const __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}

inline void transpose_16(int h, const float* x, int64_t ldx, float* out) {
  for (int k = 0; k < 16; ++k) {
    for (int r = 0; r < h; ++r) out[k * h + r] = x[r * ldx + k];
  }
}

inline void prefetch(const void* p) {
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T0);
}
/// To the second-level cache only: for lines that would push each other out of the first.
inline void prefetch_far(const void* p) {
  _mm_prefetch(static_cast<const char*>(p), _MM_HINT_T1);
}

}  // namespace
}  // namespace tessera::cpu
