#include "kv_pool.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>

#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

constexpr size_t kPage = 4096;

}  // namespace

KvPool::KvPool(const std::vector<KvShape>& layers, int64_t limit_blocks, int64_t limit_bytes)
    : layers_(layers) {
  int64_t floats = 0;
  for (const KvShape& layer : layers) {
    offsets_.push_back(floats);
    floats += kv_block_floats(layer);
  }
  block_bytes_ = (static_cast<size_t>(floats) * sizeof(float) + kPage - 1) / kPage * kPage;
  if (layers.empty()) return;
  limit_blocks_ = limit_blocks;
  if (limit_bytes > 0)
    limit_blocks_ = std::min(limit_blocks, limit_bytes / static_cast<int64_t>(block_bytes_));
}

std::vector<KvBlock*> KvPool::take(int64_t count) {
  if (count > free_blocks()) {
    throw Error(ErrorCode::kOutOfMemory,
                fmt::format("no room for {} more tokens of keys and values: the pool has {} tokens free",
                            count * kBlockTokens, free_blocks() * kBlockTokens))
        .remedy("reset slots that are not needed, or give the session more slots, ctx_len or kv-memory");
  }
  std::vector<KvBlock*> taken;
  taken.reserve(static_cast<size_t>(count));
  while (static_cast<int64_t>(taken.size()) < count) {
    float* memory = allocate();
    if (memory == nullptr) {
      for (KvBlock* block : taken) drop(block);
      throw Error(ErrorCode::kOutOfMemory,
                  fmt::format("the system has no memory for {} bytes of keys and values", block_bytes_))
          .remedy("use fewer slots or a shorter ctx_len");
    }
    taken.push_back(new KvBlock{memory});
    ++used_blocks_;
  }
  return taken;
}

void KvPool::drop(KvBlock* block) {
  if (--block->owners > 0) return;
  munmap(block->memory, block_bytes_);
  delete block;
  --used_blocks_;
}

void KvPool::copy(const KvBlock& from, int64_t lanes, KvBlock& to) const {
  for (size_t layer = 0; layer < layers_.size(); ++layer)
    kv_copy(layers_[layer], 0, lanes, part(from, layer), part(to, layer));
}

float* KvPool::allocate() const {
  // The kernel hands out zeroed pages and takes memory only when a position is first written.
  void* p = mmap(nullptr, block_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : static_cast<float*>(p);
}

int64_t kv_bytes_per_token(const std::vector<KvShape>& layers) {
  int64_t floats = 0;
  for (const KvShape& layer : layers) floats += kv_block_floats(layer);
  return floats * static_cast<int64_t>(sizeof(float)) / kBlockTokens;
}

}  // namespace tessera::cpu
