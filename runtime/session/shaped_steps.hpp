/// Steps of single rows on a backend with compiled shapes.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/engine/capabilities.hpp"
#include "runtime/session/step.hpp"

namespace tessera {

/// Runs a step of any rows as a few runs of compiled shapes: the rows of a slot stand behind one another, in
/// rising positions without a gap, and only the last of them may have its logits wanted. Slots with more than
/// a few tokens take prefill shapes, a row each; the others go side by side through decode shapes, token by
/// token. One call at a time.
class ShapedSteps final : public StepRunner {
 public:
  /// prefill, decode  as in engine::Capabilities; at least one of each
  ShapedSteps(ShapedStepRunner& runner, std::vector<engine::CompiledShape> prefill,
              std::vector<int64_t> decode);

  /// Outputs: "logits" alone. Throws Error, kInternal for rows that are not as said.
  void run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
           std::span<const StepOutput> outputs) override;

 private:
  /// The tokens of a slot.
  struct Part {
    size_t begin, end;    ///< in the step's rows; begin moves on
    float* to = nullptr;  ///< where its logits go; null: nobody wants them
    int64_t left() const { return static_cast<int64_t>(end - begin); }
  };

  void read_parts(std::span<const Row> rows);
  void prefill();
  void decode();
  void run_parts(std::span<Part* const> parts, const engine::CompiledShape& shape);

  ShapedStepRunner& runner_;
  std::vector<engine::CompiledShape> prefill_;
  std::vector<int64_t> decode_;

  // Of the step.
  std::vector<int64_t> tokens_;
  std::vector<Row> rows_;
  std::vector<Part> parts_;
  std::vector<ShapedRow> shaped_;
  size_t vocab_ = 0;
  std::vector<float> logits_;
};

}  // namespace tessera
