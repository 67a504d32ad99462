#include "microscaling.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tessera::qaic::standin {
namespace {

constexpr int kLeastScale = -127, kLargestScale = 127;  // E8M0

struct ElementType {
  int emax;            ///< exponent of the largest normal value
  int least_exponent;  ///< below, steps do not get finer
  int mantissa_bits;
  double largest;
};

constexpr ElementType kTypes[] = {
    {2, 0, 3, 7.5}, {0, 0, 6, 127.0 / 64},  // an integer is a value whose steps never get finer
};

double nearest(const ElementType& type, double value) {
  const double magnitude = std::abs(value);
  if (magnitude == 0) return value;
  const int exponent = std::max(std::ilogb(magnitude), type.least_exponent);
  const double step = std::ldexp(1.0, exponent - type.mantissa_bits);
  const double rounded = std::nearbyint(magnitude / step) * step;  // the default mode: ties to even
  return std::copysign(std::min(rounded, type.largest), value);
}

void round_block(const ElementType& type, float* values, size_t count, size_t stride) {
  float largest = 0;
  bool finite = true;
  for (size_t i = 0; i < count; ++i) {
    finite = finite && std::isfinite(values[i * stride]);
    largest = std::max(largest, std::abs(values[i * stride]));
  }
  if (!finite) {
    for (size_t i = 0; i < count; ++i) values[i * stride] = std::numeric_limits<float>::quiet_NaN();
    return;
  }
  if (largest == 0) return;
  const int scale = std::clamp(std::ilogb(largest) - type.emax, kLeastScale, kLargestScale);
  for (size_t i = 0; i < count; ++i) {
    float& value = values[i * stride];
    value = static_cast<float>(std::ldexp(nearest(type, std::ldexp(double{value}, -scale)), scale));
  }
}

}  // namespace

void round_to_mx(MxElement element, float* values, size_t count, size_t stride) {
  const ElementType& type = kTypes[static_cast<size_t>(element)];
  for (size_t first = 0; first < count; first += kMxBlock)
    round_block(type, values + first * stride, std::min(kMxBlock, count - first), stride);
}

}  // namespace tessera::qaic::standin
