/// The slots of a session, as the engine uses them.
#pragma once

#include <cstdint>

namespace tessera {

/// What a backend offers for retained state (interface `tessera.slots` of the ABI), or an imitation. One call
/// at a time, none during a step.
class SlotMemory {
 public:
  virtual ~SlotMemory() = default;
  virtual void reset(uint32_t slot) = 0;  ///< empty, and all that was reserved given back
  /// Room for `tokens` in all; false when there is none, and then nothing has changed.
  virtual bool reserve(uint32_t slot, int64_t tokens) = 0;
  /// Positions >= tokens are forgotten, room reserved beyond them may be given back. False when the backend
  /// cannot (the window has moved on), and then nothing has changed.
  virtual bool truncate(uint32_t slot, int64_t tokens) = 0;
  /// The empty slot `to` gets the first `tokens` positions of `from`. False when the backend cannot, and then
  /// nothing has changed.
  virtual bool fork(uint32_t from, uint32_t to, int64_t tokens) = 0;
  virtual int64_t free_tokens() const = 0;  ///< that reserve() can still give
};

}  // namespace tessera
