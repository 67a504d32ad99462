/// Steps on a session of a backend: from rows to the named tensors of the graph.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/plugin/backend.hpp"
#include "runtime/session/slot_memory.hpp"
#include "runtime/session/step.hpp"

namespace tessera {

/// For a cached graph. One call at a time. `run` is for ragged backends, `run_shaped` for those with compiled
/// shapes.
class BackendSession : public StepRunner, public ShapedStepRunner, public SlotMemory {
 public:
  struct Shape {
    uint32_t slots;
    uint64_t ctx_len;  ///< tokens a slot may hold
    uint64_t max_rows;
    bool rope_length;     ///< the graph has that input
    bool reserve = true;  ///< the whole context of each slot from the start; else SlotMemory is used
  };

  /// `program` outlives this. With `reserve`: throws Error kOutOfMemory when the backend has no room.
  BackendSession(const plugin::Program& program, const Shape& shape);

  void run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
           std::span<const StepOutput> outputs) override;

  void run_shaped(const StepShape& shape, std::span<const ShapedRow> rows, std::span<float> logits) override;

  const Shape& shape() const { return shape_; }
  /// Empties every slot, ready for new sequences.
  void reset_all();
  /// A new session of the same program, all slots empty, in place of one whose device is lost. Throws Error;
  /// then there is none, until it succeeds.
  void reopen();

  void reset(uint32_t slot) override { session_->reset(slot); }
  bool reserve(uint32_t slot, int64_t tokens) override;
  bool truncate(uint32_t slot, int64_t tokens) override;
  bool fork(uint32_t from, uint32_t to, int64_t tokens) override;
  int64_t free_tokens() const override;

  bool can_fork() const { return session_->can_fork(); }
  /// Memory that a slot takes at most, in tokens: less than ctx_len where a window moves on.
  int64_t slot_tokens() const;

 private:
  void reserve_all();
  void fill_shape(const StepShape& shape, std::span<const ShapedRow> rows);

  const plugin::Program& program_;
  Shape shape_;
  std::optional<plugin::Session> session_;  ///< there, but after a reopen() that failed
  std::vector<int64_t> input_ids_, position_ids_, batch_index_, rope_length_, logits_rows_;
  std::vector<float> shaped_logits_;
};

}  // namespace tessera
