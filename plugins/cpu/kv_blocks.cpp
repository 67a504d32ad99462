#include "kv_blocks.hpp"

#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>

#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

constexpr size_t kPage = 4096;

int64_t blocks_for(int64_t tokens) {
  return (tokens + kBlockTokens - 1) / kBlockTokens;
}

}  // namespace

KvBlocks::KvBlocks(uint32_t slots, int64_t ctx_len, const std::vector<KvShape>& layers)
    : ctx_len_(ctx_len), limit_blocks_(layers.empty() ? 0 : slots * blocks_for(ctx_len)), tables_(slots) {
  int64_t floats = 0;
  for (const KvShape& layer : layers) {
    layer_offsets_.push_back(floats);
    floats += kv_block_floats(layer);
  }
  block_bytes_ = (static_cast<size_t>(floats) * sizeof(float) + kPage - 1) / kPage * kPage;
  for (Table& t : tables_) t.layers.resize(layers.size());
}

KvBlocks::~KvBlocks() {
  for (uint32_t slot = 0; slot < slots(); ++slot) reset(slot);
}

void KvBlocks::reset(uint32_t slot) {
  Table& t = table(slot);
  used_blocks_ -= block_count(t);
  if (!t.layers.empty()) {
    for (float* block : t.layers[0]) release(block);
  }
  for (std::vector<float*>& layer : t.layers) layer.clear();
  t.length = 0;
}

void KvBlocks::reserve(uint32_t slot, int64_t tokens) {
  Table& t = table(slot);
  if (tokens < 0 || tokens > ctx_len_) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("cannot reserve {} tokens for slot {}: a slot holds at most {}", tokens, slot, ctx_len_))
        .remedy("create the session with a longer ctx_len");
  }
  if (t.layers.empty()) return;
  const int64_t wanted = blocks_for(tokens) - block_count(t);
  if (wanted <= 0) return;
  if (wanted > limit_blocks_ - used_blocks_) {
    throw Error(ErrorCode::kOutOfMemory,
                fmt::format("no room for {} tokens in slot {}: the pool has {} tokens free", tokens, slot,
                            free_tokens()));
  }
  std::vector<float*> fresh;
  fresh.reserve(static_cast<size_t>(wanted));
  for (std::vector<float*>& layer : t.layers) layer.reserve(layer.size() + static_cast<size_t>(wanted));
  while (static_cast<int64_t>(fresh.size()) < wanted) {
    float* block = allocate();
    if (block == nullptr) {
      for (float* taken : fresh) release(taken);
      throw Error(ErrorCode::kOutOfMemory,
                  fmt::format("the system has no memory for {} bytes of keys and values", block_bytes_))
          .remedy("use fewer slots or a shorter ctx_len");
    }
    fresh.push_back(block);
  }
  for (size_t layer = 0; layer < t.layers.size(); ++layer) {
    for (float* block : fresh) t.layers[layer].push_back(block + layer_offsets_[layer]);
  }
  used_blocks_ += wanted;
}

void KvBlocks::truncate(uint32_t slot, int64_t tokens) {
  Table& t = table(slot);
  if (tokens < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("cannot truncate slot {} to {} tokens", slot, tokens));
  }
  // What is forgotten stays in memory: attention never multiplies a key that its row does not see.
  t.length = std::min(t.length, tokens);
}

void KvBlocks::grow(uint32_t slot, int64_t length) {
  Table& t = table(slot);
  t.length = std::max(t.length, length);
}

int64_t KvBlocks::capacity(uint32_t slot) const {
  return std::min(ctx_len_, block_count(table(slot)) * kBlockTokens);
}

const KvBlocks::Table& KvBlocks::table(uint32_t slot) const {
  if (slot >= tables_.size()) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("slot {} does not exist: the session has {} slots", slot, tables_.size()));
  }
  return tables_[slot];
}

float* KvBlocks::allocate() const {
  // The kernel hands out zeroed pages and takes memory only when a position is first written.
  void* p = mmap(nullptr, block_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return p == MAP_FAILED ? nullptr : static_cast<float*>(p);
}

void KvBlocks::release(float* block) const {
  munmap(block, block_bytes_);
}

int64_t kv_bytes_per_token(const std::vector<KvShape>& layers) {
  int64_t floats = 0;
  for (const KvShape& layer : layers) floats += kv_block_floats(layer);
  return floats * static_cast<int64_t>(sizeof(float)) / kBlockTokens;
}

}  // namespace tessera::cpu
