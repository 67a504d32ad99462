#include "runtime/engine/plan_runner.hpp"

namespace tessera::engine {

void RaggedRunner::run(const StepPlan& plan, std::span<const WorkTokens> tokens, std::span<float> logits) {
  rows_.clear();
  logits_rows_.clear();
  for (size_t i = 0; i < plan.work.size(); ++i) {
    const Work& work = plan.work[i];
    for (int64_t position = work.begin; position < work.begin + work.count; ++position) {
      const int64_t prompt = tokens[i].prompt_tokens;
      rows_.push_back(
          {tokens[i].at(position), position, work.slot, position < prompt ? prompt : position + 1});
    }
    const auto end = static_cast<int64_t>(rows_.size());
    for (int64_t row = end - work.logits_rows(); row < end; ++row) logits_rows_.push_back(row);
  }
  const StepOutput output{
      "logits", {static_cast<int64_t>(logits_rows_.size()), 1, vocab_size_}, logits.data()};
  runner_.run(rows_, logits_rows_, {&output, 1});
}

}  // namespace tessera::engine
