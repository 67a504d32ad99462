/// exp and log that give the same bits on every machine and in every vector width: plain arithmetic in a
/// fixed order, where those of the C library change with its version and with the processor. The loops over a
/// vocabulary vectorise through them.
#pragma once

#include <bit>
#include <cstdint>

namespace tessera::sampling {

/// e^x for x <= 0, error below 2 units in the last place; 0 below -87 (also for minus infinity), where the
/// result would be subnormal. x = n ln 2 + r with |r| <= ln 2 / 2, e^r by its Taylor polynomial.
inline float exp_negative(float x) {
  const float clamped = x < -87.0F ? -87.0F : x;
  const float shifted = clamped * 1.44269504F + 12582912.0F;  // adding 1.5 * 2^23 rounds to a whole number
  const float n = shifted - 12582912.0F;
  const float r = (clamped - n * 0.693145752F) - n * 1.42860677e-6F;  // ln 2 in two parts
  float e = 1.98412698e-4F;
  e = e * r + 1.38888889e-3F;
  e = e * r + 8.33333333e-3F;
  e = e * r + 4.16666667e-2F;
  e = e * r + 1.66666667e-1F;
  e = e * r + 0.5F;
  e = e * r + 1.0F;
  e = e * r + 1.0F;
  const int32_t exponent = static_cast<int32_t>(n);
  const float scaled = e * std::bit_cast<float>((exponent + 127) << 23);
  return x < -87.0F ? 0.0F : scaled;
}

/// 2 atanh(f) = log((1 + f) / (1 - f)) for |f| <= 0.172, by its series.
inline double log_ratio(double f) {
  const double square = f * f;
  double sum = 0;
  for (int k = 21; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
  return 2 * f * sum;
}

/// Natural logarithm of a positive normal number, error of some units in the last place.
inline double log_positive(double x) {
  constexpr double kLn2 = 0.69314718055994530942;
  constexpr uint64_t kMantissa = (uint64_t{1} << 52) - 1;
  const auto bits = std::bit_cast<uint64_t>(x);
  int exponent = static_cast<int>(bits >> 52) - 1023;
  double mantissa = std::bit_cast<double>((bits & kMantissa) | (uint64_t{1023} << 52));
  if (mantissa > 1.41421356237309505) {
    mantissa /= 2;
    ++exponent;
  }
  return exponent * kLn2 + log_ratio((mantissa - 1) / (mantissa + 1));
}

/// log(1 - x) for 0 <= x < 1, exact to some units in the last place near 0 too.
inline double log_one_minus(double x) {
  return x < 0.25 ? log_ratio(-x / (2 - x)) : log_positive(1 - x);
}

}  // namespace tessera::sampling
