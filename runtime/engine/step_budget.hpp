/// How many prompt tokens may stand beside decode rows in one step, from what steps were measured to cost.
#pragma once

#include <cstdint>

namespace tessera::engine {

/// A step of a few rows costs what reading the weights costs, whatever it computes; beyond that it costs more
/// with each row. Taking in a prompt beside running streams, small chunks waste the reading and large ones
/// make the streams wait. So the chunk is the largest whose step is expected to take `most_ratio` times a
/// step without prompts. Not thread-safe.
class StepBudget {
 public:
  struct Options {
    int64_t fixed = 0;         ///< prompt tokens a step; 0: from measurements
    int64_t least = 16;        ///< of the measured choice: no prompt stands still
    int64_t first_guess = 48;  ///< until both kinds of step have been measured
    double most_ratio = 3.2;   ///< leaves the goal of 4 (docs/engine.md) room for noise
  };

  explicit StepBudget(const Options& options) : options_(options) {}

  /// Prompt tokens of the next step beside decode rows.
  int64_t prompt_tokens() const;
  /// A step with decode rows took that long. Steps without decode rows tell nothing here.
  void observe(int64_t decode_rows, int64_t prompt_rows, double seconds);
  /// The least that prompt_tokens() ever answers; what bounds are stated with.
  int64_t least() const { return options_.fixed > 0 ? options_.fixed : options_.least; }

 private:
  Options options_;
  double decode_s_ = 0;      ///< a step of decode rows alone; 0: not known
  double prompt_row_s_ = 0;  ///< what each prompt row adds; 0: not known
  int64_t tried_ = 0;        ///< prompt rows of the newest step that told something
};

}  // namespace tessera::engine
