/// Slots and the memory behind them: who holds one, what idle ones still remember.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/engine/request.hpp"
#include "runtime/session/slot_memory.hpp"

namespace tessera::engine {

/// Gives slots to requests. A slot that is given back keeps its tokens as long as nobody needs the slot or
/// its memory; a later request whose tokens begin the same way goes on from there (prefix reuse). Where the
/// backend can fork, the tokens of running requests are shared too and the donor keeps its own; elsewhere the
/// idle slot with the longest common prefix is taken over and cut behind it.
///
/// Memory is only what the backend has reserved. Idle slots give way, the least recently used first, before
/// anybody is told that there is no room. Not thread-safe.
class KvSlots {
 public:
  struct Options {
    uint32_t slots = 1;
    int64_t ctx_len = 0;       ///< positions of a slot
    bool fork = false;         ///< SlotMemory::fork works
    bool prefix_reuse = true;  ///< off where the keys of a token depend on more than the tokens before it
    int64_t granule = 64;      ///< tokens by which a reservation grows, where there is room
    /// Memory that a slot takes at most, whatever it holds: less than ctx_len where a window moves on.
    int64_t slot_tokens = INT64_MAX;
    int64_t kv_tokens = INT64_MAX;  ///< a limit of our own on what is reserved by all slots together
  };
  struct Placement {
    uint32_t slot;
    int64_t cached_tokens;  ///< of the request, that need not be computed
  };
  struct Counters {
    uint64_t prefix_queries = 0;  ///< tokens of admitted requests that could have been found
    uint64_t prefix_hits = 0;     ///< and that were
    uint64_t forks = 0, resumes = 0, evictions = 0;
  };

  /// `memory` outlives this; its slots are empty.
  KvSlots(const Options& options, SlotMemory& memory);

  /// A slot with room for `tokens` (of which the request knows `known`, the rest it may need next) and
  /// `headroom` tokens left for others. Nothing when there is no slot or no room; idle ones may be gone then.
  /// Nothing, too, while a running request is still computing tokens that this one begins with, and can be
  /// forked: they are computed once.
  std::optional<Placement> admit(const Request& request, int64_t known, int64_t tokens, int64_t headroom);
  /// More room for a slot that is held; false when there is none.
  bool grow(uint32_t slot, int64_t tokens);
  /// The same where nobody has to give anything up for it; room() tells how far it went, perhaps not at all.
  void stretch(uint32_t slot, int64_t tokens);
  /// The slot's first `tokens` tokens are computed.
  void computed(uint32_t slot, int64_t tokens) { slots_[slot].computed = tokens; }
  /// The request is done with its slot; what it computed stays findable.
  void release(uint32_t slot);
  /// The slot's contents are undefined, or its memory is needed: emptied.
  void discard(uint32_t slot);
  /// Empties all idle slots.
  void forget();

  int64_t room(uint32_t slot) const { return slots_[slot].reserved; }
  int64_t granule() const { return options_.granule; }
  uint32_t held() const { return held_; }
  bool has_slot() const { return held_ < options_.slots; }
  int64_t reserved_tokens() const { return reserved_; }  ///< by all slots, idle ones too
  const Counters& counters() const { return counters_; }

 private:
  enum class Use { kFree, kIdle, kHeld };
  struct Slot {
    Use use = Use::kFree;
    int64_t reserved = 0;  ///< tokens that may be written
    int64_t computed = 0;
    uint64_t last_used = 0;
    const std::vector<int64_t>* tokens = nullptr;  ///< of the holder; null: none to share
    std::vector<int64_t> kept;                     ///< idle: the tokens that are computed
    std::string salt;
  };
  /// Where a request's tokens are computed already, and what is best done with that.
  struct Source {
    uint32_t slot = UINT32_MAX;
    int64_t tokens = 0;   ///< 0: nowhere
    bool resume = false;  ///< take the slot over, else fork it
  };

  Source find_source(const Request& request, int64_t known) const;
  /// Somebody who runs is about to compute a good deal more of the request's tokens than `found`.
  bool worth_waiting(const Request& request, int64_t known, int64_t found) const;
  std::optional<uint32_t> find(Use use, uint32_t except) const;  ///< kIdle: the least recently used
  /// Memory for so many tokens in a slot.
  int64_t memory_of(int64_t tokens) const;
  bool make_room(int64_t tokens, uint32_t except);
  int64_t spare() const;
  int64_t start(uint32_t slot, const Source& source);  ///< tokens that the slot has then
  bool reserve(uint32_t slot, int64_t tokens);
  void give_back(uint32_t slot, int64_t tokens);
  void empty(uint32_t slot);

  Options options_;
  SlotMemory& memory_;
  std::vector<Slot> slots_;
  uint32_t held_ = 0;
  int64_t reserved_ = 0;  ///< memory of all slots
  uint64_t clock_ = 0;
  Counters counters_;
};

}  // namespace tessera::engine
