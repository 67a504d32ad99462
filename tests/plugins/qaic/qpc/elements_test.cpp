#include "plugins/qaic/qpc/elements.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

using graph::DataType;

TEST(Half, EveryValueComesBack) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    const float value = float_from_half(static_cast<uint16_t>(bits));
    if (std::isnan(value)) {
      EXPECT_TRUE(std::isnan(float_from_half(half_from_float(value)))) << bits;
    } else {
      EXPECT_EQ(half_from_float(value), bits);
    }
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7bff; ++bits) {
    const float low = float_from_half(static_cast<uint16_t>(bits));
    const float high = float_from_half(static_cast<uint16_t>(bits + 1));
    const float middle = low + (high - low) / 2;  // exact in binary32
    EXPECT_EQ(half_from_float(middle), bits + (bits & 1)) << bits;
    EXPECT_EQ(half_from_float(std::nextafter(middle, 0.0f)), bits) << bits;
    EXPECT_EQ(half_from_float(-std::nextafter(middle, 1e9f)), 0x8000 + bits + 1) << bits;
  }
  EXPECT_EQ(half_from_float(65519.9f), 0x7bff);
  EXPECT_EQ(half_from_float(65520.0f), 0x7c00);
  EXPECT_EQ(half_from_float(-1e30f), 0xfc00);
  EXPECT_EQ(float_from_half(0x3c00), 1.0f);
  EXPECT_EQ(float_from_half(0x0001), 0x1p-24f);
}

TEST(Elements, AreConvertedBetweenTheTypesOfBindings) {
  const std::vector<int64_t> wide = {-1, 5, INT32_MAX};
  std::vector<int32_t> narrow(3);
  convert_elements(DataType::kInt64, wide.data(), DataType::kInt32, narrow.data(), 3);
  EXPECT_EQ(narrow, (std::vector<int32_t>{-1, 5, INT32_MAX}));
  const int64_t too_wide = int64_t{1} << 31;
  EXPECT_THROW(convert_elements(DataType::kInt64, &too_wide, DataType::kInt32, narrow.data(), 1), Error);
  EXPECT_FALSE(can_convert(DataType::kFloat, DataType::kInt64));
  EXPECT_THROW(convert_elements(DataType::kFloat, wide.data(), DataType::kInt64, narrow.data(), 1), Error);
}

}  // namespace
}  // namespace tessera::qaic
