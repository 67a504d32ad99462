#include "runtime/engine/compiled_runner.hpp"

namespace tessera::engine {

void CompiledRunner::run(const StepPlan& plan, std::span<const WorkTokens> tokens, std::span<float> logits) {
  rows_.clear();
  drafted_.resize(plan.work.size());
  for (size_t i = 0; i < plan.work.size(); ++i) {
    const Work& work = plan.work[i];
    std::span<const int64_t> row;
    if (work.drafts == 0) {
      row = std::span<const int64_t>(*tokens[i].tokens)
                .subspan(static_cast<size_t>(work.begin), static_cast<size_t>(work.count));
    } else {
      drafted_[i].clear();
      for (int64_t position = work.begin; position < work.begin + work.count; ++position)
        drafted_[i].push_back(tokens[i].at(position));
      row = drafted_[i];
    }
    rows_.push_back({row, work.begin, work.slot, work.logits_rows()});
  }
  const bool verify = plan.kind == RunKind::kDecode && plan.shape.seq_len > 1;
  runner_.run_shaped({plan.shape.batch, plan.shape.seq_len, verify}, rows_, logits);
}

}  // namespace tessera::engine
