#include "runtime/engine/compiled_runner.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace tessera::engine {
namespace {

/// Its logits of a row say which row it was, and which of those that are wanted.
struct RecordingModel : ShapedStepRunner {
  StepShape shape{};
  std::vector<std::vector<int64_t>> tokens;
  std::vector<int64_t> positions;
  std::vector<uint32_t> slots;
  std::vector<float> made;

  void run_shaped(const StepShape& given, std::span<const ShapedRow> rows, std::span<float> logits) override {
    shape = given;
    for (size_t i = 0; i < rows.size(); ++i) {
      tokens.emplace_back(rows[i].tokens.begin(), rows[i].tokens.end());
      positions.push_back(rows[i].position);
      slots.push_back(rows[i].slot);
      for (int64_t j = 0; j < rows[i].logits; ++j)
        made.insert(made.end(), {static_cast<float>(i), static_cast<float>(j)});
    }
    ASSERT_EQ(logits.size(), made.size());
    std::copy(made.begin(), made.end(), logits.begin());
  }
};

TEST(CompiledRunner, GivesEachWorkARowOfItsTokens) {
  RecordingModel model;
  CompiledRunner runner(model);
  const std::vector<int64_t> a = {5, 6, 7, 8}, b = {9};
  StepPlan plan;
  plan.kind = RunKind::kPrefill;
  plan.shape = {2, 3};
  plan.work.push_back({.request = 1, .slot = 4, .begin = 1, .count = 3});
  plan.work.push_back({.request = 2, .slot = 0, .begin = 0, .count = 1, .emits = true});
  const std::vector<WorkTokens> tokens = {{&a, 4}, {&b, 1}};
  std::vector<float> logits(2, -1.0F);
  runner.run(plan, tokens, logits);
  EXPECT_EQ(model.shape.batch, 2);
  EXPECT_EQ(model.shape.seq_len, 3);
  EXPECT_EQ(model.tokens, (std::vector<std::vector<int64_t>>{{6, 7, 8}, {9}}));
  EXPECT_EQ(model.positions, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(model.slots, (std::vector<uint32_t>{4, 0}));
  EXPECT_FALSE(model.shape.verify);
  EXPECT_EQ(logits, (std::vector<float>{1, 0}));  // of the one work that emits
}

TEST(CompiledRunner, GivesTheLogitsOfKnownAndProposedTokens) {
  RecordingModel model;
  CompiledRunner runner(model);
  const std::vector<int64_t> a = {5, 6}, b = {9}, proposed = {7, 8};
  StepPlan plan;
  plan.kind = RunKind::kDecode;
  plan.shape = {4, 4};
  plan.work.push_back(
      {.request = 1, .slot = 2, .begin = 1, .count = 3, .drafts = 2, .emits = true, .decode = true});
  plan.work.push_back({.request = 2, .slot = 0, .begin = 0, .count = 1, .emits = true, .decode = true});
  const std::vector<WorkTokens> tokens = {{&a, 1, proposed}, {&b, 1}};
  std::vector<float> logits(8, -1.0F);
  runner.run(plan, tokens, logits);
  EXPECT_TRUE(model.shape.verify);
  EXPECT_EQ(model.tokens, (std::vector<std::vector<int64_t>>{{6, 7, 8}, {9}}));
  EXPECT_EQ(model.positions, (std::vector<int64_t>{1, 0}));
  EXPECT_EQ(logits, (std::vector<float>{0, 0, 0, 1, 0, 2, 1, 0}));
}

}  // namespace
}  // namespace tessera::engine
