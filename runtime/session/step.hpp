/// One step of a backend: rows of one token each, or rows of a compiled shape.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tessera {

/// Rows of one step at most: bounds the memory of activations, of a sliding window's cache, and the time
/// until Ctrl-C is seen.
inline constexpr size_t kMaxRows = 512;

/// A token at its place. A slot may appear in many rows; all rows write their keys and values before any row
/// reads.
struct Row {
  int64_t token;
  int64_t position;  ///< >= 0
  uint32_t slot;
  int64_t rope_length;  ///< of graphs whose rotary scaling depends on length: the prompt's length for rows of
                        ///< the prompt, position + 1 for generated ones
};

/// Where an output of the step goes; rows are in the order of the step.
struct StepOutput {
  std::string name;
  std::vector<int64_t> dims;
  float* data;
};

/// What runs steps. One call at a time.
class StepRunner {
 public:
  virtual ~StepRunner() = default;

  /// `logits_rows`: indices into `rows`; outputs: any of the graph's, "logits" has dims [logits_rows, 1,
  /// vocab], others [rows, 1, ...]. Throws Error.
  virtual void run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
                   std::span<const StepOutput> outputs) = 0;
};

/// Tokens of one slot that stand behind one another.
struct ShapedRow {
  std::span<const int64_t> tokens;  ///< at least one
  int64_t position;                 ///< of the first
  uint32_t slot;                    ///< in one row of a step at most
  int64_t logits = 1;  ///< of its last tokens, so many are wanted; more than 1 in shapes that verify
};

struct StepShape {
  int64_t batch;        ///< rows
  int64_t seq_len;      ///< tokens of a row
  bool verify = false;  ///< the logits behind each token come back, else those behind the last of each row
};

/// What runs steps of compiled shapes. One call at a time.
class ShapedStepRunner {
 public:
  virtual ~ShapedStepRunner() = default;

  /// At most `batch` rows of at most `seq_len` tokens; the rest is padding. `logits` [sum of
  /// ShapedRow::logits, vocabulary]: those that are wanted, row by row, filled. Throws Error.
  virtual void run_shaped(const StepShape& shape, std::span<const ShapedRow> rows,
                          std::span<float> logits) = 0;
};

}  // namespace tessera
