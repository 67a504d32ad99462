/// Steps on a session of a backend: from rows to the named tensors of the graph.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/plugin/backend.hpp"
#include "runtime/session/step.hpp"

namespace tessera {

/// For a cached graph on a ragged backend. One call at a time.
class BackendSession : public StepRunner {
 public:
  struct Shape {
    uint32_t slots;
    uint64_t ctx_len;  ///< tokens a slot may hold
    uint64_t max_rows;
    bool rope_length;  ///< the graph has that input
  };

  /// Reserves the whole context of each slot. Throws Error kOutOfMemory when the backend has no room.
  BackendSession(const plugin::Program& program, const Shape& shape);

  void run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
           std::span<const StepOutput> outputs) override;

  const Shape& shape() const { return shape_; }
  /// Empties every slot, ready for new sequences.
  void reset();

 private:
  void reserve();

  Shape shape_;
  plugin::Session session_;
  std::vector<int64_t> input_ids_, position_ids_, batch_index_, rope_length_, logits_rows_;
};

}  // namespace tessera
