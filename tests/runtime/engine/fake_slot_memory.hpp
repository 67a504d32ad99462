/// Slots that remember what was asked of them.
#pragma once

#include <algorithm>
#include <functional>
#include <vector>

#include "runtime/session/slot_memory.hpp"

namespace tessera::engine {

class FakeSlotMemory : public SlotMemory {
 public:
  FakeSlotMemory(uint32_t slots, int64_t tokens) : reserved(slots), length(slots), total(tokens) {}

  void reset(uint32_t slot) override {
    if (before_call) before_call();
    reserved[slot] = length[slot] = 0;
  }
  bool reserve(uint32_t slot, int64_t tokens) override {
    if (before_call) before_call();
    if (tokens - reserved[slot] > free_tokens()) return false;
    reserved[slot] = std::max(reserved[slot], tokens);
    return true;
  }
  bool truncate(uint32_t slot, int64_t tokens) override {
    if (before_call) before_call();
    if (!can_truncate) return false;
    length[slot] = std::min(length[slot], tokens);
    reserved[slot] = std::min(reserved[slot], tokens);
    return true;
  }
  bool fork(uint32_t from, uint32_t to, int64_t tokens) override {
    if (before_call) before_call();
    if (!can_fork || length[from] < tokens || length[to] != 0) return false;
    length[to] = tokens;
    return true;
  }
  int64_t free_tokens() const override {
    int64_t used = 0;
    for (const int64_t tokens : reserved) used += tokens;
    return total - used;
  }

  std::vector<int64_t> reserved, length;
  int64_t total;
  bool can_fork = true;
  bool can_truncate = true;
  std::function<void()> before_call;  ///< may throw
};

}  // namespace tessera::engine
