/// From a plan of the scheduler to a run of the backend.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/engine/step_plan.hpp"
#include "runtime/session/step.hpp"

namespace tessera::engine {

/// The tokens of one work's request.
struct WorkTokens {
  const std::vector<int64_t>* tokens;  ///< prompt and emitted ones
  int64_t prompt_tokens;
  std::span<const int64_t> drafts = {};  ///< proposed behind them: as many as the work has

  /// Prompt, emitted and proposed tokens by position.
  int64_t at(int64_t position) const {
    const auto place = static_cast<size_t>(position);
    return place < tokens->size() ? (*tokens)[place] : drafts[place - tokens->size()];
  }
};

/// One call at a time.
class PlanRunner {
 public:
  virtual ~PlanRunner() = default;
  /// tokens  by work of the plan
  /// logits  [rows, vocabulary], Work::logits_rows() for each work in the order of the works, filled
  /// Throws Error; then the slots of all works are undefined.
  virtual void run(const StepPlan& plan, std::span<const WorkTokens> tokens, std::span<float> logits) = 0;
};

/// On a ragged backend: a row for each token.
class RaggedRunner final : public PlanRunner {
 public:
  RaggedRunner(StepRunner& runner, int64_t vocab_size) : runner_(runner), vocab_size_(vocab_size) {}
  void run(const StepPlan& plan, std::span<const WorkTokens> tokens, std::span<float> logits) override;

 private:
  StepRunner& runner_;
  int64_t vocab_size_;
  std::vector<Row> rows_;
  std::vector<int64_t> logits_rows_;
};

}  // namespace tessera::engine
