#include "models/blocks/rope_frequencies.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace tessera::blocks {
namespace {

constexpr double kPi = 3.14159265358979323846;

// theta^(2i / dim), the waves' lengths over 2 pi; base and exponent are float32 before the power is taken
std::vector<float> powers(double theta, int64_t dim) {
  const auto base = static_cast<double>(static_cast<float>(theta));
  std::vector<float> result;
  for (int64_t i = 0; i < dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(dim);
    result.push_back(static_cast<float>(std::pow(base, static_cast<double>(exponent))));
  }
  return result;
}

// The pair (not rounded) that turns `rotations` times in `length` positions.
double pair_of_rotations(double rotations, double theta, int64_t dim, int64_t length) {
  return static_cast<double>(dim) * std::log(static_cast<double>(length) / (rotations * 2 * kPi)) /
         (2 * std::log(theta));
}

}  // namespace

std::vector<float> default_frequencies(double theta, int64_t dim) {
  std::vector<float> frequencies = powers(theta, dim);
  for (float& f : frequencies) f = 1.0f / f;
  return frequencies;
}

std::vector<float> linear_frequencies(double theta, int64_t dim, double factor) {
  std::vector<float> frequencies = default_frequencies(theta, dim);
  for (float& f : frequencies) f /= static_cast<float>(factor);
  return frequencies;
}

std::vector<float> llama3_frequencies(double theta, int64_t dim, const Llama3Scaling& scaling) {
  const auto factor = static_cast<float>(scaling.factor);
  const auto length = static_cast<float>(scaling.original_length);
  const auto low = static_cast<float>(scaling.low_freq_factor);
  const auto longest =
      static_cast<float>(static_cast<double>(scaling.original_length) / scaling.low_freq_factor);
  const auto shortest =
      static_cast<float>(static_cast<double>(scaling.original_length) / scaling.high_freq_factor);
  const auto width = static_cast<float>(scaling.high_freq_factor - scaling.low_freq_factor);
  std::vector<float> frequencies = default_frequencies(theta, dim);
  for (float& f : frequencies) {
    const float wave = static_cast<float>(2 * kPi) / f;
    if (wave < shortest) continue;
    if (wave > longest) {
      f /= factor;
    } else {
      const float smooth = (length / wave - low) / width;
      f = (1.0f - smooth) * f / factor + smooth * f;
    }
  }
  return frequencies;
}

std::vector<float> yarn_frequencies(double theta, int64_t dim, const YarnScaling& scaling) {
  double first = pair_of_rotations(scaling.beta_fast, theta, dim, scaling.original_length);
  double last = pair_of_rotations(scaling.beta_slow, theta, dim, scaling.original_length);
  if (scaling.truncate) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, static_cast<double>(dim - 1));
  if (first == last) last += 0.001;  // the ramp would have no width

  std::vector<float> frequencies = powers(theta, dim);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    const float stretched = 1.0f / (static_cast<float>(scaling.factor) * frequencies[i]);
    const float plain = 1.0f / frequencies[i];
    const float ramp = (static_cast<float>(i) - static_cast<float>(first)) / static_cast<float>(last - first);
    const float keep = 1.0f - std::clamp(ramp, 0.0f, 1.0f);
    frequencies[i] = stretched * (1.0f - keep) + plain * keep;
  }
  return frequencies;
}

std::vector<float> longrope_frequencies(double theta, int64_t dim, const std::vector<double>& factors) {
  std::vector<float> frequencies = powers(theta, dim);
  for (size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = 1.0f / (static_cast<float>(factors.at(i)) * frequencies[i]);
  }
  return frequencies;
}

}  // namespace tessera::blocks
