/// Plans on a backend with compiled shapes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/engine/plan_runner.hpp"
#include "runtime/session/step.hpp"

namespace tessera::engine {

/// Each work is a row of the shape that the plan names; what is not used of the shape is padding. A decode
/// run of a shape with several tokens gives the logits behind each; what is rejected of them is written over
/// later, by position.
class CompiledRunner final : public PlanRunner {
 public:
  explicit CompiledRunner(ShapedStepRunner& runner) : runner_(runner) {}
  void run(const StepPlan& plan, std::span<const WorkTokens> tokens, std::span<float> logits) override;

 private:
  ShapedStepRunner& runner_;
  std::vector<ShapedRow> rows_;
  std::vector<std::vector<int64_t>> drafted_;  ///< by work: known and proposed tokens, where any are proposed
};

}  // namespace tessera::engine
