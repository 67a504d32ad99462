#include "runtime/engine/step_cost.hpp"

#include <algorithm>

namespace tessera::engine {
namespace {

constexpr double kDecay = 0.98;
/// Of a step's time, for a row more: what one more row of a few costs where reading the weights bounds a
/// step.
constexpr double kGuess = 1.0 / 32;
/// Weight of the guess, in squared rows: as much as one step that was one row larger than the others.
constexpr double kGuessWeight = 1;

}  // namespace

void StepCost::observe(int64_t rows, double seconds) {
  if (seconds <= 0) return;
  // Welford's update with decaying weights.
  weight_ = kDecay * weight_ + 1;
  const double row_step = static_cast<double>(rows) - mean_rows_;
  mean_rows_ += row_step / weight_;
  const double second_step = seconds - mean_s_;
  mean_s_ += second_step / weight_;
  rows_rows_ = kDecay * rows_rows_ + row_step * (static_cast<double>(rows) - mean_rows_);
  rows_s_ = kDecay * rows_s_ + row_step * (seconds - mean_s_);
}

double StepCost::seconds_per_row() const {
  const double guess = kGuess * mean_s_;
  return std::max(0.0, (rows_s_ + kGuessWeight * guess) / (rows_rows_ + kGuessWeight));
}

double StepCost::seconds(int64_t rows) const {
  const double line = mean_s_ + seconds_per_row() * (static_cast<double>(rows) - mean_rows_);
  return std::max(line, 0.01 * mean_s_);
}

}  // namespace tessera::engine
