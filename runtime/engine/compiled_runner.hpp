/// Plans on a backend with compiled shapes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/engine/plan_runner.hpp"
#include "runtime/session/step.hpp"

namespace tessera::engine {

/// Each work is a row of the shape that the plan names; what is not used of the shape is padding.
class CompiledRunner final : public PlanRunner {
 public:
  CompiledRunner(ShapedStepRunner& runner, int64_t vocab_size) : runner_(runner), vocab_size_(vocab_size) {}
  void run(const StepPlan& plan, std::span<const WorkTokens> tokens, std::span<float> logits) override;

 private:
  ShapedStepRunner& runner_;
  int64_t vocab_size_;
  std::vector<ShapedRow> rows_;
  std::vector<float> all_;  ///< logits of every row: a shape gives them, wanted or not
};

}  // namespace tessera::engine
