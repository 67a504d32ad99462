/// Which block of memory holds which positions of a slot.
///
/// Blocks start at absolute multiples of 64, whatever the order in which a sequence arrives: attention goes
/// block by block, so its bits depend on positions alone. The attention kernels see a table of pointers by
/// position / 64; two things use that it is only a table:
///
///   ring   Where every layer has a window, block b lies where block b - ring_blocks lay:
///            positions  0..63  64..127  128..191  192..255  256..319      (ring of 3)
///            memory     A      B        C         A         B
///          The ring has as many blocks as the positions that one step touches can lie in: the rows that it
///          writes (max_rows) and the window before the first of them.
///   fork   Two slots hold the same block. Who writes to it takes a copy first.
#pragma once

#include <cstdint>
#include <vector>

#include "kv_pool.hpp"

namespace tessera::cpu {

struct KvLimits {
  uint32_t slots = 0;        ///< sequences held at once
  int64_t ctx_len = 0;       ///< positions of one slot
  int64_t window = 0;        ///< positions that a row sees, itself the last, in every layer; 0 = all
  int64_t max_rows = 0;      ///< rows of one step; 0 = any number, and then there is no ring
  int64_t memory_bytes = 0;  ///< of all slots together; 0 = what the above needs
};

/// Owns the blocks of all slots of one session. One call at a time, and none that changes it while a step
/// runs; free_tokens and bytes from any thread. Throws kInvalidArgument for a slot that does not exist.
class KvBlocks {
 public:
  /// layers   shape of each attention layer's cache; empty for a program without caches
  KvBlocks(const KvLimits& limits, const std::vector<KvShape>& layers);
  ~KvBlocks();
  KvBlocks(const KvBlocks&) = delete;
  KvBlocks& operator=(const KvBlocks&) = delete;

  /// Empties the slot and gives its blocks back.
  void reset(uint32_t slot);
  /// Room for `tokens` positions in all, in blocks that are the slot's own where a continuation writes; never
  /// gives room back. Throws kInvalidArgument beyond ctx_len, kOutOfMemory; then nothing has changed.
  void reserve(uint32_t slot, int64_t tokens);
  /// Forgets positions >= tokens and gives their blocks back. Throws kInvalidArgument when the ring has lost
  /// what a row at position `tokens` sees.
  void truncate(uint32_t slot, int64_t tokens);
  /// `to`, which is empty, then holds [0, tokens) of `from`: whole blocks are shared, a part of one is
  /// copied. Throws kInvalidArgument, for a slot that has wrapped too, or kOutOfMemory; then nothing has
  /// changed.
  void fork(uint32_t from, uint32_t to, int64_t tokens);

  /// Before a step: the blocks of reserved positions [begin, end) become the slot's own. Throws kOutOfMemory;
  /// then the slot holds what it held.
  void prepare(uint32_t slot, int64_t begin, int64_t end);
  /// A step has written positions of the slot up to `end`.
  void grow(uint32_t slot, int64_t end);

  uint32_t slots() const { return static_cast<uint32_t>(tables_.size()); }
  int64_t ctx_len() const { return limits_.ctx_len; }
  /// Positions that the slot has room for: what was reserved, rounded up to whole blocks, at most ctx_len.
  int64_t capacity(uint32_t slot) const;
  /// Positions held: [0, length) are written, [oldest, length) still there.
  int64_t length(uint32_t slot) const { return tables_[slot].length; }
  /// The first position that is still there once positions below `end` are written.
  int64_t oldest(uint32_t slot, int64_t end = 0) const;
  /// The first position that a row at `position` sees.
  int64_t first_seen(int64_t position) const;
  /// Base of each block of one layer of the slot, by position / 64; 64-byte aligned. Valid until the slot's
  /// next change.
  float* const* blocks(uint32_t slot, size_t layer) const { return tables_[slot].parts[layer].data(); }

  int64_t free_tokens() const { return pool_.free_blocks() * kBlockTokens; }
  /// Positions whose memory a slot takes at most.
  int64_t slot_tokens() const { return pool_.layers() == 0 ? 0 : ring_blocks_ * kBlockTokens; }
  int64_t bytes() const { return pool_.used_bytes(); }

 private:
  struct Table {
    std::vector<KvBlock*> held;              // block b of positions lies in held[b % ring_blocks]
    std::vector<std::vector<float*>> parts;  // [layer][position / 64]: where the kernels find it
    int64_t length = 0;
    int64_t written = 0;  // end of what was ever written since the slot was empty; a ring has lost the rest
  };
  const Table& table(uint32_t slot) const;
  Table& table(uint32_t slot) { return const_cast<Table&>(static_cast<const KvBlocks*>(this)->table(slot)); }
  static int64_t block_count(const Table& table) {
    return table.parts.empty() ? 0 : static_cast<int64_t>(table.parts[0].size());
  }
  size_t place(int64_t block) const { return static_cast<size_t>(block % ring_blocks_); }
  std::vector<size_t> shared_places(const Table& table, int64_t begin_block, int64_t end_block) const;
  void replace(Table& table, size_t place, KvBlock* block);
  void lay_out(Table& table, int64_t blocks);

  KvLimits limits_;
  int64_t ring_blocks_;  // blocks that a slot holds at most
  KvPool pool_;
  std::vector<Table> tables_;
};

}  // namespace tessera::cpu
