/// Memory of keys and values, in blocks of 64 positions that slots share and count.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plugins/cpu/kernels/attention.hpp"

namespace tessera::cpu {

/// 64 positions of *every* layer, keys and values, in one allocation.
struct KvBlock {
  float* memory = nullptr;
  int64_t owners = 1;  ///< slots that hold it; only a block with one owner may be written
};

/// Hands out blocks up to a limit. One call at a time; free_blocks and used_bytes from any thread.
class KvPool {
 public:
  /// layers        shape of each attention layer's cache
  /// limit_blocks  blocks that exist at once, at most
  /// limit_bytes   the same as memory; 0 = no such limit
  KvPool(const std::vector<KvShape>& layers, int64_t limit_blocks, int64_t limit_bytes);
  KvPool(const KvPool&) = delete;
  KvPool& operator=(const KvPool&) = delete;

  /// `count` zeroed blocks with one owner each. Throws kOutOfMemory when the limit or the machine does not
  /// give all of them; then none is taken.
  std::vector<KvBlock*> take(int64_t count);
  /// One owner less; the last one frees the memory.
  void drop(KvBlock* block);
  /// The first `lanes` positions (0 .. 64) of a block, in all layers.
  void copy(const KvBlock& from, int64_t lanes, KvBlock& to) const;

  size_t layers() const { return layers_.size(); }
  /// A layer's part of a block; 64-byte aligned.
  float* part(const KvBlock& block, size_t layer) const { return block.memory + offsets_[layer]; }

  int64_t free_blocks() const { return limit_blocks_ - used_blocks_; }
  int64_t used_bytes() const { return used_blocks_ * static_cast<int64_t>(block_bytes_); }

 private:
  float* allocate() const;  // zeroed, page aligned; null without memory

  std::vector<KvShape> layers_;
  std::vector<int64_t> offsets_;  // of each layer: floats from the start of an allocation
  size_t block_bytes_ = 0;        // of one allocation, whole pages
  int64_t limit_blocks_ = 0;
  std::atomic<int64_t> used_blocks_{0};
};

/// Bytes that one token of one slot takes in all layers.
int64_t kv_bytes_per_token(const std::vector<KvShape>& layers);

}  // namespace tessera::cpu
