/// Exponential, sigmoid and normal distribution on vectors: own polynomials in one order of operations, so
/// that every tier gives the same bits. Coefficients: minimax fits of relative error, rounded to F32 from the
/// highest degree down. Include after a vector_*.hpp.
#pragma once

namespace tessera::cpu {
namespace {

/// e^x within 1 ULP for results in the normal range; +inf above 88.72, +0 below -103.97 (below -87.33 when
/// subnormals are flushed), NaN for NaN.
inline Vec exp(Vec x) {
  // min and max give their second operand when one is NaN.
  x = max(splat(-104.0f), min(splat(89.0f), x));
  // x = n ln2 + r, |r| <= ln2 / 2. Adding 1.5 * 2^23 rounds to the nearest integer, whose bits are the low
  // bits of the sum. ln2 is split so that n * its upper part is exact.
  const Vec shifted = fma(x, splat(0x1.715476p+0f), splat(0x1.8p23f));
  const Vec n = sub(shifted, splat(0x1.8p23f));
  Vec r = fnma(n, splat(0x1.62e400p-1f), x);
  r = fnma(n, splat(0x1.7f7d1cp-20f), r);
  // e^r = 1 + r + r^2 q(r), error below 0.1 ULP before rounding.
  Vec q = splat(0x1.6a2318p-10f);
  q = fma(q, r, splat(0x1.123a8ep-7f));
  q = fma(q, r, splat(0x1.5558f6p-5f));
  q = fma(q, r, splat(0x1.555490p-3f));
  q = fma(q, r, splat(0x1.fffffcp-2f));
  const Vec p = add(splat(1.0f), fma(mul(r, r), q, r));
  // 2^n in two factors: n goes from -150 to 128, a factor's exponent from -126 to 127.
  const VecInt whole = sub(bits_of(shifted), splat_int(0x4b400000));
  const VecInt first = half_down(whole);
  const VecInt second = sub(whole, first);
  const Vec scale_first = float_of(to_exponent(add(first, splat_int(127))));
  const Vec scale_second = float_of(to_exponent(add(second, splat_int(127))));
  return mul(mul(p, scale_first), scale_second);
}

/// x / (1 + e^-y): x times the logistic function of y.
inline Vec times_sigmoid(Vec x, Vec y) {
  return div(x, add(splat(1.0f), exp(sub(zero(), y))));
}

inline Vec silu(Vec x) {
  return times_sigmoid(x, x);
}

/// 0.5 (1 + tanh z) is the logistic function of 2 z: the tanh form without cancellation in the negative tail.
inline Vec gelu_tanh(Vec x) {
  const Vec cube = mul(mul(x, x), x);
  const Vec z = mul(splat(0x1.988454p+0f), fma(splat(0.044715f), cube, x));  // 2 sqrt(2 / pi)
  return times_sigmoid(x, z);
}

/// x times the normal distribution function. With t = |x|, u = 1 / (1 + 0.3 t):
/// P(X > t) = e^(-t^2 / 2) u p(u), p of degree 9, relative error below 2e-8.
inline Vec gelu_erf(Vec x) {
  const Vec t = min(splat(15.0f), absolute(x));
  const Vec u = div(splat(1.0f), fma(splat(0.3f), t, splat(1.0f)));
  Vec p = splat(-0x1.51e3f6p-6f);
  p = fma(p, u, splat(0x1.cc87d0p-4f));
  p = fma(p, u, splat(-0x1.d36000p-3f));
  p = fma(p, u, splat(0x1.88c43ep-3f));
  p = fma(p, u, splat(-0x1.454e52p-4f));
  p = fma(p, u, splat(0x1.89da1ep-4f));
  p = fma(p, u, splat(0x1.411608p-4f));
  p = fma(p, u, splat(0x1.c3861ep-4f));
  p = fma(p, u, splat(0x1.e9c426p-4f));
  p = fma(p, u, splat(0x1.ea3c98p-4f));
  // The rounding error of t^2, magnified by the exponential, is put back: e^-(s + e)/2 = e^(-s/2) (1 - e/2).
  const Vec square = mul(t, t);
  const Vec error = fma(t, t, sub(zero(), square));
  const Vec bell = exp(mul(splat(-0.5f), square));
  const Vec tail = mul(mul(fnma(mul(splat(0.5f), error), bell, bell), u), p);
  return mul(x, select_negative(x, sub(splat(1.0f), tail), tail));
}

}  // namespace
}  // namespace tessera::cpu
