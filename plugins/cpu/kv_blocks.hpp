/// The memory behind retained keys and values: blocks of 64 positions, handed to slots as they reserve room.
///
/// One allocation holds 64 positions of *every* layer, keys and values; how a layer's part is laid out is the
/// attention kernel's business (kernels/attention.hpp). Blocks start at absolute multiples of 64, whatever
/// the order in which a sequence arrives: attention goes block by block, so its bits depend on positions
/// alone.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/cpu/kernels/attention.hpp"

namespace tessera::cpu {

/// Owns the blocks of all slots of one session. One call at a time, and none that changes it while a step
/// runs; free_tokens and bytes from any thread.
class KvBlocks {
 public:
  /// slots    sequences held at once
  /// ctx_len  positions of one slot; the pool is limited to slots times as many, in whole blocks
  /// layers   shape of each attention layer's cache; empty for a program without caches
  KvBlocks(uint32_t slots, int64_t ctx_len, const std::vector<KvShape>& layers);
  ~KvBlocks();
  KvBlocks(const KvBlocks&) = delete;
  KvBlocks& operator=(const KvBlocks&) = delete;

  /// Empties the slot and gives its blocks back.
  void reset(uint32_t slot);
  /// Room for `tokens` positions in all; never gives room back. Throws kInvalidArgument beyond ctx_len,
  /// kOutOfMemory when the pool or the machine has no more; then nothing has changed.
  void reserve(uint32_t slot, int64_t tokens);
  /// Forgets positions >= tokens; the room stays reserved.
  void truncate(uint32_t slot, int64_t tokens);
  /// A step has written the positions below `length`.
  void grow(uint32_t slot, int64_t length);

  uint32_t slots() const { return static_cast<uint32_t>(tables_.size()); }
  int64_t ctx_len() const { return ctx_len_; }
  /// Positions that the slot has room for: what was reserved, rounded up to whole blocks, at most ctx_len.
  int64_t capacity(uint32_t slot) const;
  /// Positions held: [0, length) are written.
  int64_t length(uint32_t slot) const { return tables_[slot].length; }
  /// Base of each block of one layer of the slot, by position / 64; 64-byte aligned. Valid until the slot's
  /// next reset or reserve.
  float* const* blocks(uint32_t slot, size_t layer) const { return tables_[slot].layers[layer].data(); }

  int64_t free_tokens() const { return (limit_blocks_ - used_blocks_) * kBlockTokens; }
  int64_t bytes() const { return used_blocks_ * static_cast<int64_t>(block_bytes_); }

 private:
  struct Table {
    std::vector<std::vector<float*>>
        layers;  // [layer][position / 64]; layer 0 holds the start of the allocation
    int64_t length = 0;
  };
  const Table& table(uint32_t slot) const;  // throws kInvalidArgument for a slot that does not exist
  Table& table(uint32_t slot) { return const_cast<Table&>(static_cast<const KvBlocks*>(this)->table(slot)); }
  int64_t block_count(const Table& table) const {
    return table.layers.empty() ? 0 : static_cast<int64_t>(table.layers[0].size());
  }
  float* allocate() const;  // zeroed, page aligned; null without memory
  void release(float* block) const;

  int64_t ctx_len_;
  std::vector<int64_t> layer_offsets_;  // floats from the start of an allocation
  size_t block_bytes_ = 0;              // of one allocation, whole pages
  int64_t limit_blocks_;
  std::atomic<int64_t> used_blocks_{0};
  std::vector<Table> tables_;
};

/// Bytes that one token of one slot takes in all layers.
int64_t kv_bytes_per_token(const std::vector<KvShape>& layers);

}  // namespace tessera::cpu
