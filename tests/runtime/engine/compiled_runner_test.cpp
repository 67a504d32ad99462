#include "runtime/engine/compiled_runner.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tessera::engine {
namespace {

/// Its logits of a row say which row it was.
struct RecordingModel : ShapedStepRunner {
  StepShape shape{};
  std::vector<std::vector<int64_t>> tokens;
  std::vector<int64_t> positions;
  std::vector<uint32_t> slots;

  void run_shaped(const StepShape& given, std::span<const ShapedRow> rows, std::span<float> logits) override {
    shape = given;
    ASSERT_EQ(logits.size(), rows.size() * 2);
    for (size_t i = 0; i < rows.size(); ++i) {
      tokens.emplace_back(rows[i].tokens.begin(), rows[i].tokens.end());
      positions.push_back(rows[i].position);
      slots.push_back(rows[i].slot);
      logits[2 * i] = logits[2 * i + 1] = static_cast<float>(i);
    }
  }
};

TEST(CompiledRunner, GivesEachWorkARowOfItsTokens) {
  RecordingModel model;
  CompiledRunner runner(model, 2);
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
  EXPECT_EQ(logits, (std::vector<float>{1, 1}));  // of the one work that emits
}

}  // namespace
}  // namespace tessera::engine
