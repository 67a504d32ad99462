#include "runtime/engine/step_budget.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace tessera::engine {
namespace {

TEST(StepBudget, IsWhatItWasFixedTo) {
  StepBudget budget({.fixed = 7});
  budget.observe(8, 0, 0.1);
  budget.observe(8, 7, 0.5);
  EXPECT_EQ(budget.prompt_tokens(), 7);
  EXPECT_EQ(budget.least(), 7);
}

TEST(StepBudget, GuessesUntilItHasMeasuredBothKindsOfStep) {
  StepBudget budget({.first_guess = 40});
  EXPECT_EQ(budget.prompt_tokens(), 40);
  budget.observe(8, 0, 0.06);
  EXPECT_EQ(budget.prompt_tokens(), 40);
  budget.observe(0, 512, 2.0);  // nobody waited
  EXPECT_EQ(budget.prompt_tokens(), 40);
}

/// A machine whose step costs `weights` seconds, or `row` for each row where that is more.
void run(StepBudget& budget, double weights, double row, int steps) {
  for (int i = 0; i < steps; ++i) {
    const int64_t prompt = i % 5 == 0 ? 0 : budget.prompt_tokens();
    budget.observe(8, prompt, std::max(weights, row * static_cast<double>(8 + prompt)));
  }
}

TEST(StepBudget, FindsTheChunkThatMakesAStepAsLongAsAllowed) {
  for (const double row : {0.0005, 0.001, 0.0038}) {
    StepBudget budget({.most_ratio = 3});
    run(budget, 0.064, row, 200);
    const double ratio = row * static_cast<double>(8 + budget.prompt_tokens()) / 0.064;
    EXPECT_LE(ratio, 3.3) << row;
    EXPECT_GE(ratio, 2.4) << row;
  }
}

TEST(StepBudget, NeverTriesMuchMoreThanItHasSeen) {
  StepBudget budget({.first_guess = 48});
  budget.observe(8, 0, 0.064);
  budget.observe(8, 48, 0.064);  // seems to be free
  EXPECT_LE(budget.prompt_tokens(), 96);
}

TEST(StepBudget, LetsNoPromptStandStill) {
  StepBudget budget({.least = 16});
  run(budget, 0.001, 0.1, 50);
  EXPECT_EQ(budget.prompt_tokens(), 16);
}

}  // namespace
}  // namespace tessera::engine
