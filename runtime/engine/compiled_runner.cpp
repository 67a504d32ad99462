#include "runtime/engine/compiled_runner.hpp"

#include <algorithm>

namespace tessera::engine {

void CompiledRunner::run(const StepPlan& plan, std::span<const WorkTokens> tokens, std::span<float> logits) {
  rows_.clear();
  for (size_t i = 0; i < plan.work.size(); ++i) {
    const Work& work = plan.work[i];
    const std::span<const int64_t> known(*tokens[i].tokens);
    rows_.push_back({known.subspan(static_cast<size_t>(work.begin), static_cast<size_t>(work.count)),
                     work.begin, work.slot});
  }
  const auto width = static_cast<size_t>(vocab_size_);
  all_.resize(rows_.size() * width);
  runner_.run_shaped({plan.shape.batch, plan.shape.seq_len}, rows_, all_);
  auto to = logits.begin();
  for (size_t i = 0; i < plan.work.size(); ++i) {
    if (!plan.work[i].emits) continue;
    const auto from = all_.begin() + static_cast<std::ptrdiff_t>(i * width);
    to = std::copy(from, from + static_cast<std::ptrdiff_t>(width), to);
  }
}

}  // namespace tessera::engine
