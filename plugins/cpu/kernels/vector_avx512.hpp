/// Sixteen floats in one AVX-512 register. Every tier has this vocabulary; the kernels (*_inl.hpp) are
/// written in it. Only for translation units of the tier: unnamed namespace, see kernel_table.hpp.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace tessera::cpu {
namespace {

using Vec = __m512;      // 16 floats
using VecInt = __m512i;  // 16 int32

// The register tile of the matrix kernel: 14 x 2 sums, 2 weights and a broadcast fill 31 of 32 registers.
constexpr int kTileRows = 14;
constexpr int kStreamRows = 16;  // four of 32 sums do not fit; the stores cost less than a second pass
constexpr int kTileVecs = 2;

inline Vec zero() {
  return _mm512_setzero_ps();
}
inline Vec splat(float x) {
  return _mm512_set1_ps(x);
}
inline Vec load(const float* p) {
  return _mm512_loadu_ps(p);
}
inline void store(float* p, Vec v) {
  _mm512_storeu_ps(p, v);
}

inline __mmask16 first_lanes(int64_t n) {
  return static_cast<__mmask16>((1u << n) - 1u);
}
/// The first n (0 .. 16) elements, the other lanes +0; memory beyond them is not touched.
inline Vec load_first(const float* p, int64_t n) {
  return _mm512_maskz_loadu_ps(first_lanes(n), p);
}
inline void store_first(float* p, Vec v, int64_t n) {
  _mm512_mask_storeu_ps(p, first_lanes(n), v);
}

inline Vec load_weights(const float* p) {
  return _mm512_loadu_ps(p);
}
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};
inline Vec load_weights(const Half* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline Vec load_weights(const Bfloat* p) {
  const __m256i bits = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}

inline Vec add(Vec a, Vec b) {
  return _mm512_add_ps(a, b);
}
inline Vec sub(Vec a, Vec b) {
  return _mm512_sub_ps(a, b);
}
inline Vec mul(Vec a, Vec b) {
  return _mm512_mul_ps(a, b);
}
inline Vec div(Vec a, Vec b) {
  return _mm512_div_ps(a, b);
}
inline Vec fma(Vec a, Vec b, Vec c) {
  return _mm512_fmadd_ps(a, b, c);
}  // a * b + c
inline Vec fnma(Vec a, Vec b, Vec c) {
  return _mm512_fnmadd_ps(a, b, c);
}  // -(a * b) + c
inline Vec min(Vec a, Vec b) {
  return _mm512_min_ps(a, b);
}  // a < b ? a : b
inline Vec max(Vec a, Vec b) {
  return _mm512_max_ps(a, b);
}  // a > b ? a : b
inline Vec absolute(Vec v) {
  return _mm512_abs_ps(v);
}
/// b where x < 0, else a (also where x is NaN).
inline Vec select_negative(Vec x, Vec a, Vec b) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), a, b);
}
/// v in lanes [begin, end), `other` elsewhere; 0 <= begin <= end <= 16.
inline Vec keep_lanes(Vec v, int64_t begin, int64_t end, Vec other) {
  const auto mask = static_cast<__mmask16>(first_lanes(end) & ~first_lanes(begin));
  return _mm512_mask_blend_ps(mask, other, v);
}

inline VecInt bits_of(Vec v) {
  return _mm512_castps_si512(v);
}
inline Vec float_of(VecInt v) {
  return _mm512_castsi512_ps(v);
}
inline VecInt splat_int(int32_t x) {
  return _mm512_set1_epi32(x);
}
inline VecInt add(VecInt a, VecInt b) {
  return _mm512_add_epi32(a, b);
}
inline VecInt sub(VecInt a, VecInt b) {
  return _mm512_sub_epi32(a, b);
}
inline VecInt half_down(VecInt v) {
  return _mm512_srai_epi32(v, 1);
}  // floor(v / 2)
inline VecInt to_exponent(VecInt v) {
  return _mm512_slli_epi32(v, 23);
}

/// The one tree of every sum of lanes: i and i + 8, then + 4, + 2, + 1.
inline float sum_lanes(Vec v) {
  const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}
inline float max_lanes(Vec v) {
  const __m256 a = _mm256_max_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
  const __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}

/// Writes the transpose of rows [h][16] (row r at x + r * ldx, h <= 16) as 16 groups of h floats, one after
/// the other, and nothing else.
inline void transpose_16(int h, const float* x, int64_t ldx, float* out) {
  __m512 r[16], t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) r[i] = i < h ? _mm512_loadu_ps(x + i * ldx) : _mm512_setzero_ps();
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_shuffle_ps(t[i], t[i + 2], 0x44);
    r[i + 1] = _mm512_shuffle_ps(t[i], t[i + 2], 0xee);
    r[i + 2] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0x44);
    r[i + 3] = _mm512_shuffle_ps(t[i + 1], t[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    // r[i], r[i+4], r[i+8], r[i+12] hold columns i, i+4, i+8, i+12 of four rows each, one in each 128-bit
    // lane.
    const __m512 a = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    const __m512 b = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    const __m512 c = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    const __m512 d = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
    t[i] = _mm512_shuffle_f32x4(a, b, 0x88);
    t[i + 8] = _mm512_shuffle_f32x4(a, b, 0xdd);
    t[i + 4] = _mm512_shuffle_f32x4(c, d, 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(c, d, 0xdd);
  }
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i) store_first(out + i * h, t[i], h);
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
