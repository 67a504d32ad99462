/// What a step costs with more or fewer rows, from what steps have cost.
#pragma once

#include <cstdint>

namespace tessera::engine {

/// A straight line through the recent steps without prompts: seconds = base + slope * rows (weighted least
/// squares, the weight of a step halves every 34 steps). While all steps are alike the slope is a guess that
/// makes trying others worth while. Not thread-safe.
class StepCost {
 public:
  void observe(int64_t rows, double seconds);
  /// 0 before anything was observed.
  double seconds(int64_t rows) const;
  double seconds_per_row() const;  ///< from 0

 private:
  double weight_ = 0;
  double mean_rows_ = 0, mean_s_ = 0;
  double rows_rows_ = 0, rows_s_ = 0;  ///< weighted sums of products of deviations from the means
};

}  // namespace tessera::engine
