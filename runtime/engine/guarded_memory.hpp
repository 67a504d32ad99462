/// Slots on a device that may be lost between two steps.
#pragma once

#include <exception>

#include "runtime/session/slot_memory.hpp"

namespace tessera::engine {

/// Hands calls on. One that fails with kDeviceLost is noted and counts as done, as do all calls behind it,
/// which reach nobody: who asked can keep its books to the end, and what slots hold does not matter any more.
/// Whoever plans looks at lost() before the next run. Other errors go on their way. Not thread-safe.
class GuardedMemory final : public SlotMemory {
 public:
  /// `memory` outlives this.
  explicit GuardedMemory(SlotMemory& memory) : memory_(memory) {}

  /// What was noted; null: the device is there.
  const std::exception_ptr& lost() const { return lost_; }
  /// The session was made anew.
  void renew() { lost_ = nullptr; }

  void reset(uint32_t slot) override;
  bool reserve(uint32_t slot, int64_t tokens) override;
  bool truncate(uint32_t slot, int64_t tokens) override;
  bool fork(uint32_t from, uint32_t to, int64_t tokens) override;
  int64_t free_tokens() const override;

 private:
  template <typename Call>
  auto guard(const Call& call, decltype(call()) otherwise) const;

  SlotMemory& memory_;
  mutable std::exception_ptr lost_;
};

}  // namespace tessera::engine
