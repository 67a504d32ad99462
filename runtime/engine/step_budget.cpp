#include "runtime/engine/step_budget.hpp"

#include <algorithm>

namespace tessera::engine {
namespace {

/// Moving mean; the first value stands for itself.
void blend(double& mean, double value, double weight) {
  mean = mean == 0 ? value : mean + weight * (value - mean);
}

}  // namespace

int64_t StepBudget::prompt_tokens() const {
  if (options_.fixed > 0) return options_.fixed;
  if (decode_s_ <= 0 || prompt_row_s_ <= 0) return options_.first_guess;
  const double room = (options_.most_ratio - 1) * decode_s_ / prompt_row_s_;
  // Kernels work on 8 or 16 rows at once: whole groups, and the same chunk while measurements wobble.
  const auto chunk = static_cast<int64_t>(std::min(room, 1e6)) / 8 * 8;
  // Small steps may hide behind the reading of the weights and say nothing of large ones: grow by doubling.
  return std::max(std::min(chunk, std::max(2 * tried_, options_.first_guess)), options_.least);
}

void StepBudget::observe(int64_t decode_rows, int64_t prompt_rows, double seconds) {
  if (decode_rows == 0 || seconds <= 0) return;
  if (prompt_rows == 0) {
    blend(decode_s_, seconds, 0.1);
  } else if (decode_s_ > 0 && prompt_rows >= options_.least / 2) {
    // Rows that fit under the reading of the weights look free; one hundredth keeps the quotient sane.
    const double extra = std::max(seconds - decode_s_, 0.01 * decode_s_);
    blend(prompt_row_s_, extra / static_cast<double>(prompt_rows), 0.3);
    tried_ = prompt_rows;
  }
}

}  // namespace tessera::engine
