/// Inputs of the kernel tests, and how their outputs are compared.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "plugins/cpu/kernels/kernel_table.hpp"

namespace tessera::cpu {

/// `n` values in [-1, 1), the same for the same seed on every machine.
inline std::vector<float> random_floats(int64_t n, uint32_t seed) {
  std::mt19937 bits(seed);
  std::vector<float> values(static_cast<size_t>(n));
  for (float& v : values) v = static_cast<float>(static_cast<int32_t>(bits())) * 0x1p-31f;
  return values;
}

inline uint32_t bits_of_float(float f) {
  uint32_t bits;
  std::memcpy(&bits, &f, sizeof bits);
  return bits;
}

/// Equal bit for bit; a NaN equals any NaN.
inline testing::AssertionResult same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return testing::AssertionFailure() << "sizes " << a.size() << " and " << b.size();
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (bits_of_float(a[i]) != bits_of_float(b[i])) {
      return testing::AssertionFailure() << "element " << i << ": " << a[i] << " and " << b[i];
    }
  }
  return testing::AssertionSuccess();
}

/// A vector whose data starts at a multiple of 64 bytes.
class Aligned {
 public:
  explicit Aligned(int64_t floats) : store_(static_cast<size_t>(floats) + 16, 0.0f) {}
  float* data() {
    const auto address = reinterpret_cast<uintptr_t>(store_.data());
    return store_.data() + (64 - address % 64) % 64 / sizeof(float);
  }

 private:
  std::vector<float> store_;
};

/// Runs for every tier that this machine has.
class EveryTier : public testing::TestWithParam<Isa> {
 protected:
  const KernelTable& table() const { return kernels(GetParam()); }
};
inline std::string tier_name(const testing::TestParamInfo<Isa>& info) {
  return std::string(isa_name(info.param));
}
#define INSTANTIATE_FOR_EVERY_TIER(suite) \
  INSTANTIATE_TEST_SUITE_P(Tiers, suite, testing::ValuesIn(detect().available), tier_name)

}  // namespace tessera::cpu
