#include "runtime/engine/step_cost.hpp"

#include <gtest/gtest.h>

namespace tessera::engine {
namespace {

TEST(StepCost, KnowsNothingAtFirstAndGuessesThatRowsAreCheap) {
  StepCost cost;
  EXPECT_EQ(cost.seconds(3), 0);
  for (int i = 0; i < 100; ++i) cost.observe(1, 0.064);
  EXPECT_DOUBLE_EQ(cost.seconds(1), 0.064);
  EXPECT_DOUBLE_EQ(cost.seconds_per_row(), 0.002);
  EXPECT_DOUBLE_EQ(cost.seconds(5), 0.072);
}

TEST(StepCost, FindsWhatARowCosts) {
  StepCost cost;
  for (int i = 0; i < 100; ++i) cost.observe(1 + i % 5, 0.06 + 0.004 * (1 + i % 5));
  EXPECT_NEAR(cost.seconds_per_row(), 0.004, 1e-4);
  EXPECT_NEAR(cost.seconds(20), 0.14, 2e-3);
}

TEST(StepCost, FollowsAChangeAndForgetsAHiccup) {
  StepCost cost;
  for (int i = 0; i < 200; ++i) cost.observe(1 + i % 5, 0.06);
  cost.observe(5, 1.0);
  for (int i = 0; i < 400; ++i) cost.observe(1 + i % 5, 0.05 + 0.01 * (i % 5));
  EXPECT_NEAR(cost.seconds(1), 0.05, 2e-3);
  EXPECT_NEAR(cost.seconds_per_row(), 0.01, 1e-3);
}

TEST(StepCost, IsNeverNegative) {
  StepCost cost;
  for (int i = 0; i < 50; ++i) cost.observe(10 + i % 5, 0.01 * (10 - i % 5));
  EXPECT_EQ(cost.seconds_per_row(), 0);
  EXPECT_GT(cost.seconds(1), 0);
}

}  // namespace
}  // namespace tessera::engine
