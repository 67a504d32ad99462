#include "runtime/verify/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace tessera {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

NamedTensor tensor(std::vector<float> values, std::vector<int64_t> dims = {}) {
  return {"t", std::move(dims), std::move(values)};
}

TEST(Comparison, MeasuresAgainstTheRangeOfWhatIsExpected) {
  const TensorDifference difference = compare(tensor({0, 1, 2.5F, 4}), tensor({0, 1, 2, 4}));
  EXPECT_DOUBLE_EQ(difference.max_abs, 0.5);
  EXPECT_DOUBLE_EQ(difference.mean_abs, 0.125);
  EXPECT_DOUBLE_EQ(difference.range, 4);
  EXPECT_DOUBLE_EQ(difference.relative(), 0.125);
  EXPECT_TRUE(deviates(difference, 0.1));
  EXPECT_FALSE(deviates(difference, 0.125));
}

TEST(Comparison, NeverHidesNanOrAnotherShape) {
  EXPECT_TRUE(std::isinf(compare(tensor({1, kNan}), tensor({1, 2})).relative()));
  EXPECT_TRUE(std::isinf(compare(tensor({1, 2}), tensor({1, kNan})).relative()));
  EXPECT_TRUE(std::isinf(compare(tensor({1}), tensor({1, 2})).relative()));
  EXPECT_TRUE(std::isinf(compare(tensor({kInfinity}), tensor({1})).relative()));
  EXPECT_TRUE(std::isinf(compare(tensor({kInfinity}), tensor({-kInfinity})).relative()));
}

TEST(Comparison, TakesEqualValuesForEqual) {
  EXPECT_EQ(compare(tensor({1, kNan, -kInfinity}), tensor({1, kNan, -kInfinity})).relative(), 0);
  EXPECT_EQ(compare(tensor({2, 2}), tensor({2, 2})).relative(), 0);  // a range of 0
  EXPECT_TRUE(std::isinf(compare(tensor({2, 2.1F}), tensor({2, 2})).relative()));
  EXPECT_EQ(compare(tensor({}), tensor({})).relative(), 0);
}

TEST(Comparison, CountsRowsWithTheSameBestToken) {
  const NamedTensor expected = tensor({1, 2, 3, 3, 2, 1}, {2, 3});
  EXPECT_DOUBLE_EQ(token_agreement(expected, expected), 1);
  EXPECT_DOUBLE_EQ(token_agreement(tensor({1, 2, 3, 1, 2, 3}, {2, 3}), expected), 0.5);
  EXPECT_DOUBLE_EQ(token_agreement(tensor({1, 2, 3}), tensor({3, 2, 1}, {3})), 1);  // of a text: no tokens
}

}  // namespace
}  // namespace tessera
