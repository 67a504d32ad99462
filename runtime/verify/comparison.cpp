#include "runtime/verify/comparison.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

double difference(float a, float b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;  // equal infinities, too
  const double distance = std::fabs(static_cast<double>(a) - static_cast<double>(b));
  return std::isnan(distance) ? kInfinity : distance;
}

}  // namespace

double TensorDifference::relative() const {
  if (max_abs == 0) return 0;
  return range > 0 && std::isfinite(range) ? max_abs / range : kInfinity;
}

TensorDifference compare(const NamedTensor& found, const NamedTensor& expected) {
  TensorDifference result{expected.name, kInfinity, kInfinity, 0};
  double low = kInfinity, high = -kInfinity;
  for (const float value : expected.data) {
    if (!std::isfinite(value)) continue;  // a mask's minus infinity is no part of a scale
    low = std::min<double>(low, value);
    high = std::max<double>(high, value);
  }
  if (high > low) result.range = high - low;
  if (found.data.size() != expected.data.size()) return result;
  result.max_abs = 0;
  double sum = 0;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    const double distance = difference(found.data[i], expected.data[i]);
    result.max_abs = std::max(result.max_abs, distance);
    sum += distance;
  }
  result.mean_abs = expected.data.empty() ? 0 : sum / static_cast<double>(expected.data.size());
  return result;
}

bool deviates(const TensorDifference& difference, double tolerance) {
  return difference.relative() > tolerance;
}

double token_agreement(const NamedTensor& found, const NamedTensor& expected) {
  if (expected.dims.size() != 2 || expected.dims[1] < 1 || found.data.size() != expected.data.size())
    return 1;
  const auto rows = static_cast<size_t>(expected.dims[0]), vocab = static_cast<size_t>(expected.dims[1]);
  if (rows == 0) return 1;
  size_t equal = 0;
  for (size_t row = 0; row < rows; ++row) {
    const auto best = [&](const std::vector<float>& data) {
      const auto begin = data.begin() + static_cast<std::ptrdiff_t>(row * vocab);
      return std::max_element(begin, begin + static_cast<std::ptrdiff_t>(vocab)) - begin;
    };
    equal += best(found.data) == best(expected.data);
  }
  return static_cast<double>(equal) / static_cast<double>(rows);
}

}  // namespace tessera
