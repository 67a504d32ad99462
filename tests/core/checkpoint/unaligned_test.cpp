#include "core/checkpoint/unaligned.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using ::testing::ElementsAre;

/// Widens values that are laid at an odd address.
template <typename T>
std::vector<float> widened(DType dtype, std::vector<T> values) {
  std::vector<std::byte> bytes(1);
  for (std::byte byte : std::as_bytes(std::span<const T>(values))) bytes.push_back(byte);
  std::vector<float> out(values.size());
  widen_to_float(dtype, std::span<const std::byte>(bytes).subspan(1), out);
  return out;
}

TEST(Unaligned, LoadsAtAnyAddress) {
  std::vector<std::byte> bytes(7 + 2 * sizeof(double));
  for (size_t shift = 0; shift < 8; ++shift) {
    double value = 1.5;
    std::memcpy(bytes.data() + shift + 8, &value, 8);
    EXPECT_EQ(load_unaligned<double>(bytes.data() + shift, 1), 1.5);
  }
}

TEST(WidenToFloat, Bfloat16) {
  EXPECT_THAT(widened<uint16_t>(DType::kBF16, {0x3f80, 0xc000, 0x0001, 0x7f80}),
              ElementsAre(1.0f, -2.0f, std::ldexp(1.0f, -133), INFINITY));
  EXPECT_TRUE(std::isnan(widened<uint16_t>(DType::kBF16, {0x7fc0})[0]));
}

TEST(WidenToFloat, Half) {
  EXPECT_THAT(widened<uint16_t>(DType::kF16, {0x3c00, 0xc000, 0x7bff, 0x0400, 0x03ff, 0x0001, 0xfc00}),
              ElementsAre(1.0f, -2.0f, 65504.0f, std::ldexp(1.0f, -14), std::ldexp(1023.0f, -24),
                          std::ldexp(1.0f, -24), -INFINITY));
  EXPECT_TRUE(std::isnan(widened<uint16_t>(DType::kF16, {0x7e00})[0]));
  EXPECT_TRUE(std::signbit(widened<uint16_t>(DType::kF16, {0x8000})[0]));
}

TEST(WidenToFloat, EveryHalfIsTheValueOfItsFields) {
  std::vector<uint16_t> all;
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    if ((bits & 0x7c00) != 0x7c00) all.push_back(static_cast<uint16_t>(bits));
  }
  std::vector<float> values = widened(DType::kF16, all);
  for (size_t i = 0; i < all.size(); ++i) {
    int exponent = (all[i] >> 10) & 31;
    int mantissa = all[i] & 1023;
    float size = exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                               : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
    ASSERT_EQ(values[i], (all[i] & 0x8000) != 0 ? -size : size) << all[i];
  }
}

TEST(WidenToFloat, IntegersBooleansAndDoubles) {
  EXPECT_THAT(widened<uint8_t>(DType::kBool, {0, 1, 2}), ElementsAre(0, 1, 1));
  EXPECT_THAT(widened<uint8_t>(DType::kU8, {255}), ElementsAre(255));
  EXPECT_THAT(widened<int8_t>(DType::kI8, {-128}), ElementsAre(-128));
  EXPECT_THAT(widened<int16_t>(DType::kI16, {-32768}), ElementsAre(-32768));
  EXPECT_THAT(widened<uint16_t>(DType::kU16, {65535}), ElementsAre(65535));
  EXPECT_THAT(widened<int32_t>(DType::kI32, {-7}), ElementsAre(-7));
  EXPECT_THAT(widened<uint32_t>(DType::kU32, {7}), ElementsAre(7));
  EXPECT_THAT(widened<int64_t>(DType::kI64, {-9}), ElementsAre(-9));
  EXPECT_THAT(widened<uint64_t>(DType::kU64, {9}), ElementsAre(9));
  EXPECT_THAT(widened<float>(DType::kF32, {0.1f}), ElementsAre(0.1f));
  EXPECT_THAT(widened<double>(DType::kF64, {0.1}), ElementsAre(0.1f));
}

TEST(WidenToFloat, RefusesWrongSizesAndTypesItCannotRead) {
  std::vector<std::byte> bytes(4);
  std::vector<float> two(2);
  std::vector<float> four(4);
  EXPECT_THROW(widen_to_float(DType::kF32, bytes, two), Error);
  EXPECT_THROW(widen_to_float(DType::kF8E4M3, bytes, four), Error);
}

}  // namespace
}  // namespace tessera
