/// The merges of a BPE model: which two neighbouring tokens become which token, and in which order.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tokenizer/text/hash.hpp"

namespace tessera::tokenizer {

/// Pair of ids -> (rank, merged id). Immutable after the last `insert`: any thread.
class MergeTable {
 public:
  struct Merge {
    uint32_t rank =
        kNone;  ///< position in the list of merges; the lowest goes first. kNone: these two do not merge
    uint32_t id = 0;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  explicit MergeTable(size_t expected_merges) {
    size_t count = 16;
    while (count * 2 < expected_merges * 3) count *= 2;
    slots_.resize(count);
  }

  /// A pair that is already there gets the new rank.
  void insert(uint32_t left, uint32_t right, Merge merge) {
    slots_[place(key(left, right))] = {key(left, right), merge};
  }

  Merge find(uint32_t left, uint32_t right) const noexcept { return slots_[place(key(left, right))].merge; }

 private:
  struct Slot {
    uint64_t key = 0;
    Merge merge;
  };

  static uint64_t key(uint32_t left, uint32_t right) noexcept { return uint64_t{left} << 32 | right; }

  size_t place(uint64_t key) const noexcept {
    size_t at = mix_hash(key) & (slots_.size() - 1);
    while (slots_[at].merge.rank != kNone && slots_[at].key != key) at = (at + 1) & (slots_.size() - 1);
    return at;
  }

  std::vector<Slot> slots_;
};

}  // namespace tessera::tokenizer
