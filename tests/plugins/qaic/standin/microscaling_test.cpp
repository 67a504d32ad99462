/// MX rounding against values worked out by hand from the specification.
#include "plugins/qaic/standin/compile/microscaling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace tessera::qaic::standin {
namespace {

using testing::ElementsAre;

std::vector<float> rounded(MxElement element, std::vector<float> values) {
  round_to_mx(element, values.data(), values.size());
  return values;
}

// The largest, 7.7, has exponent 2, which is E2M3's own: the scale is 1. From 4 steps are 1/2, from 2 1/4,
// below 2 1/8, also below 1, where the format has its subnormals.
TEST(Mxfp6, HasThreeBitsOfMantissaAndTwoOfExponent) {
  EXPECT_THAT(rounded(MxElement::kE2M3, {7.7f, 4.3f, 2.9f, 1.6f, 0.3f, -0.07f, 0}),
              ElementsAre(7.5f, 4.5f, 3.0f, 1.625f, 0.25f, -0.125f, 0));
}

TEST(Mxfp6, TakesTheEvenOfTwoNeighboursAndTheLargestBeyondIt) {
  // 7.8 is nearer to 8, which does not exist; 0.0625 lies between 0 and 1/8, 0.1875 between 1/8 and 2/8.
  EXPECT_THAT(rounded(MxElement::kE2M3, {-7.8f, 0.0625f, 0.1875f, 4.25f, 4.75f}),
              ElementsAre(-7.5f, 0, 0.25f, 4.0f, 5.0f));
}

// 0.3 and 96 have exponents -2 and 6: scales 2^-4 and 2^4.
TEST(Mxfp6, ScalesEachBlockByAPowerOfTwo) {
  std::vector<float> values(40, 0);
  values[0] = 0.3f;    // 4.8 sixteenths -> 5
  values[31] = 0.01f;  // 0.16 sixteenths -> 1/8
  values[32] = 96;     // 6 times 16
  values[33] = 0.3f;   // 0.01875 times 16 -> 0
  const std::vector<float> result = rounded(MxElement::kE2M3, values);
  EXPECT_EQ(result[0], 0.3125f);
  EXPECT_EQ(result[31], 0.0078125f);
  EXPECT_EQ(result[32], 96);
  EXPECT_EQ(result[33], 0);
}

TEST(Mxfp6, OfAColumn) {
  float values[] = {7.7f, 100, 0.3f, 100};
  round_to_mx(MxElement::kE2M3, values, 2, 2);
  EXPECT_THAT(values, ElementsAre(7.5f, 100, 0.25f, 100));
}

// 1.9 has exponent 0, as the integer has: steps of 1/64. 1.9 * 64 = 121.6, 0.01 * 64 = 0.64.
TEST(Mxint8, HasSixBitsOfFraction) {
  EXPECT_THAT(rounded(MxElement::kInt8, {1.9f, 0.01f, -0.7f, 0.0078125f}),
              ElementsAre(122.0f / 64, 1.0f / 64, -45.0f / 64, 0));
  EXPECT_THAT(rounded(MxElement::kInt8, {1.999f, -1.999f}), ElementsAre(127.0f / 64, -127.0f / 64));
  EXPECT_THAT(rounded(MxElement::kInt8, {100, 1}), ElementsAre(100, 1));  // steps of 1
  EXPECT_THAT(rounded(MxElement::kInt8, {200, 1}), ElementsAre(200, 0));  // steps of 2, and 1/2 goes to 0
}

TEST(Microscaling, ChangesNothingTheSecondTime) {
  std::vector<float> values;
  for (int i = 0; i < 320; ++i) values.push_back(std::sin(static_cast<float>(i)) * std::ldexp(1.0f, i % 9));
  for (const MxElement element : {MxElement::kE2M3, MxElement::kInt8}) {
    const std::vector<float> once = rounded(element, values);
    EXPECT_NE(once, values);
    EXPECT_EQ(rounded(element, once), once);
  }
}

TEST(Microscaling, AtTheEdges) {
  EXPECT_THAT(rounded(MxElement::kE2M3, {0, -0.0f}), ElementsAre(0, 0));
  // 2^-140 has no scale of its own: the least is 2^-127, of which it is nearly nothing.
  EXPECT_THAT(rounded(MxElement::kE2M3, {0x1p-140f}), ElementsAre(0));
  EXPECT_THAT(rounded(MxElement::kE2M3, {0x1.cp127f}), ElementsAre(0x1.cp127f));
  for (const float value : rounded(MxElement::kInt8, {1, std::numeric_limits<float>::infinity()}))
    EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(std::isnan(rounded(MxElement::kE2M3, {NAN, 1})[1]));
}

}  // namespace
}  // namespace tessera::qaic::standin
