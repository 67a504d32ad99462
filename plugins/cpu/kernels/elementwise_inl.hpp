/// Normalisation, rotary embedding, activations. Include after a vector_*.hpp.
#pragma once

#include "kernel_table.hpp"
#include "math_inl.hpp"

namespace tessera::cpu {
namespace {

/// y[i] = f(a[i], b[i]); the tail goes through the same vector code.
template <class Function>
inline void for_lanes(int64_t n, const float* a, const float* b, float* y, Function f) {
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) store(y + i, f(load(a + i), load(b + i)));
  if (i < n) store_first(y + i, f(load_first(a + i, n - i), load_first(b + i, n - i)), n - i);
}

inline void silu_row(int64_t n, const float* x, float* y) {
  for_lanes(n, x, x, y, [](Vec v, Vec) { return silu(v); });
}
inline void gelu_tanh_row(int64_t n, const float* x, float* y) {
  for_lanes(n, x, x, y, [](Vec v, Vec) { return gelu_tanh(v); });
}
inline void gelu_erf_row(int64_t n, const float* x, float* y) {
  for_lanes(n, x, x, y, [](Vec v, Vec) { return gelu_erf(v); });
}
inline void exp_row(int64_t n, const float* x, float* y) {
  for_lanes(n, x, x, y, [](Vec v, Vec) { return exp(v); });
}
inline void add_row(int64_t n, const float* a, const float* b, float* y) {
  for_lanes(n, a, b, y, [](Vec u, Vec v) { return add(u, v); });
}
inline void mul_row(int64_t n, const float* a, const float* b, float* y) {
  for_lanes(n, a, b, y, [](Vec u, Vec v) { return mul(u, v); });
}

void silu_mul(int64_t rows, int64_t n, const float* gate, int64_t ld_gate, const float* up, int64_t ld_up,
              float* y, int64_t ldy) {
  for (int64_t r = 0; r < rows; ++r) {
    for_lanes(n, gate + r * ld_gate, up + r * ld_up, y + r * ldy,
              [](Vec g, Vec u) { return mul(silu(g), u); });
  }
}

/// Sum over a row in 4 x 16 chains: element i belongs to chain i % 64. `grow(sum, v, count)` adds the terms
/// of the first `count` of 16 elements; the others are zeros.
template <class Grow>
inline float sum_of_row(int64_t n, const float* x, Grow grow) {
  Vec sum[4] = {zero(), zero(), zero(), zero()};
  for (int64_t i = 0; i < n; i += 64) {
#pragma GCC unroll 4
    for (int64_t part = 0; part < 4; ++part) {
      const int64_t at = i + 16 * part;
      if (at >= n) break;
      const int64_t count = n - at;
      sum[part] =
          count >= 16 ? grow(sum[part], load(x + at), 16) : grow(sum[part], load_first(x + at, count), count);
    }
  }
  return sum_lanes(add(add(sum[0], sum[1]), add(sum[2], sum[3])));
}

void rms_norm(int64_t rows, int64_t n, const float* x, int64_t ldx, const float* weight, float eps, float* y,
              int64_t ldy) {
  for (int64_t r = 0; r < rows; ++r) {
    const float squares = sum_of_row(n, x + r * ldx, [](Vec sum, Vec v, int64_t) { return fma(v, v, sum); });
    const float mean = squares / static_cast<float>(n);
    const Vec factor = splat(1.0f / __builtin_sqrtf(mean + eps));
    for_lanes(n, x + r * ldx, weight, y + r * ldy, [&](Vec v, Vec w) { return mul(mul(v, factor), w); });
  }
}

/// y = (x - mean) * factor * weight + bias.
inline void scale_and_shift(int64_t n, const float* x, float mean, float factor, const float* weight,
                            const float* bias, float* y) {
  const Vec m = splat(mean), f = splat(factor);
  for (int64_t i = 0; i < n; i += 16) {
    const int64_t count = n - i < 16 ? n - i : 16;
    const Vec normed = mul(sub(load_first(x + i, count), m), f);
    store_first(y + i, fma(normed, load_first(weight + i, count), load_first(bias + i, count)), count);
  }
}

void layer_norm(int64_t rows, int64_t n, const float* x, int64_t ldx, const float* weight, const float* bias,
                float eps, float* y, int64_t ldy) {
  const auto count = static_cast<float>(n);
  for (int64_t r = 0; r < rows; ++r, x += ldx, y += ldy) {
    const float mean = sum_of_row(n, x, [](Vec sum, Vec v, int64_t) { return add(sum, v); }) / count;
    const Vec m = splat(mean);
    const float squares = sum_of_row(n, x, [&](Vec sum, Vec v, int64_t lanes) {
      const Vec d = keep_lanes(sub(v, m), 0, lanes, zero());  // the zeros after the row are no elements
      return fma(d, d, sum);
    });
    scale_and_shift(n, x, mean, 1.0f / __builtin_sqrtf(squares / count + eps), weight, bias, y);
  }
}

inline void rotate_half(int64_t pairs, const float* cosine, const float* sine, float* x) {
  for (int64_t i = 0; i < pairs; i += 16) {
    const int64_t n = pairs - i < 16 ? pairs - i : 16;
    const Vec c = load_first(cosine + i, n), s = load_first(sine + i, n);
    const Vec a = load_first(x + i, n), b = load_first(x + pairs + i, n);
    store_first(x + i, sub(mul(a, c), mul(b, s)), n);
    store_first(x + pairs + i, add(mul(b, c), mul(a, s)), n);
  }
}

inline void rotate_interleaved(int64_t pairs, const float* cosine, const float* sine, float* x) {
  for (int64_t i = 0; i < pairs; ++i) {
    const float a = x[2 * i], b = x[2 * i + 1];
    x[2 * i] = a * cosine[i] - b * sine[i];
    x[2 * i + 1] = b * cosine[i] + a * sine[i];
  }
}

void rotary(const RotaryShape& shape, const float* cosine, const float* sine, float* x) {
  for (int64_t head = 0; head < shape.heads; ++head, x += shape.head_dim) {
    if (shape.style == RotaryStyle::kHalf) {
      rotate_half(shape.rotary_dim / 2, cosine, sine, x);
    } else {
      rotate_interleaved(shape.rotary_dim / 2, cosine, sine, x);
    }
  }
}

}  // namespace
}  // namespace tessera::cpu
