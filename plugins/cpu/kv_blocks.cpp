#include "kv_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

int64_t blocks_for(int64_t tokens) {
  return (tokens + kBlockTokens - 1) / kBlockTokens;
}

// Blocks that `count` consecutive positions lie in at most, wherever they start.
int64_t most_blocks(int64_t count) {
  return (count + 2 * (kBlockTokens - 1)) / kBlockTokens;
}

int64_t ring_blocks(const KvLimits& limits) {
  const int64_t all = blocks_for(limits.ctx_len);
  if (limits.window == 0 || limits.max_rows == 0) return all;
  // A step of n rows reads the window - 1 positions before its first row, and its own.
  const int64_t window = std::min(limits.window, limits.ctx_len),
                rows = std::min(limits.max_rows, limits.ctx_len);
  return std::min(all, most_blocks(window - 1 + rows));
}

Error refused(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

}  // namespace

KvBlocks::KvBlocks(const KvLimits& limits, const std::vector<KvShape>& layers)
    : limits_(limits),
      ring_blocks_(ring_blocks(limits)),
      pool_(layers, limits.slots * ring_blocks_, limits.memory_bytes),
      tables_(limits.slots) {
  for (Table& t : tables_) t.parts.resize(layers.size());
}

KvBlocks::~KvBlocks() {
  for (uint32_t slot = 0; slot < slots(); ++slot) reset(slot);
}

void KvBlocks::reset(uint32_t slot) {
  Table& t = table(slot);
  for (KvBlock* block : t.held) pool_.drop(block);
  t.held.clear();
  for (std::vector<float*>& part : t.parts) part.clear();
  t.length = t.written = 0;
}

void KvBlocks::reserve(uint32_t slot, int64_t tokens) {
  Table& t = table(slot);
  if (tokens < 0 || tokens > ctx_len()) {
    throw refused(
        fmt::format("cannot reserve {} tokens for slot {}: a slot holds at most {}", tokens, slot, ctx_len()))
        .remedy("create the session with a longer ctx_len");
  }
  if (t.parts.empty()) return;
  const int64_t blocks = blocks_for(tokens), held = static_cast<int64_t>(t.held.size());
  const std::vector<size_t> shared = shared_places(t, t.length / kBlockTokens, blocks);
  const int64_t more = std::max<int64_t>(0, std::min(blocks, ring_blocks_) - held);
  std::vector<KvBlock*> fresh = pool_.take(more + static_cast<int64_t>(shared.size()));
  for (const size_t place : shared) {
    replace(t, place, fresh.back());
    fresh.pop_back();
  }
  t.held.insert(t.held.end(), fresh.begin(), fresh.end());
  if (blocks > block_count(t)) lay_out(t, blocks);
}

void KvBlocks::truncate(uint32_t slot, int64_t tokens) {
  Table& t = table(slot);
  if (tokens < 0) throw refused(fmt::format("cannot truncate slot {} to {} tokens", slot, tokens));
  if (tokens == 0) return reset(slot);
  if (tokens < t.length && first_seen(tokens) < oldest(slot)) {
    throw refused(fmt::format("cannot truncate slot {} to {} tokens: a row there sees positions from {} on, "
                              "and the window has kept those from {} on",
                              slot, tokens, first_seen(tokens), oldest(slot)))
        .remedy("reset the slot and compute the sequence again");
  }
  // What is forgotten in the last block stays in memory: attention never multiplies a value that its row does
  // not see.
  t.length = std::min(t.length, tokens);
  const int64_t blocks = blocks_for(tokens);
  if (blocks >= block_count(t)) return;
  while (static_cast<int64_t>(t.held.size()) > blocks) {
    pool_.drop(t.held.back());
    t.held.pop_back();
  }
  lay_out(t, blocks);
}

void KvBlocks::fork(uint32_t from, uint32_t to, int64_t tokens) {
  const Table& source = table(from);
  Table& t = table(to);
  if (from == to || t.length > 0 || !t.held.empty()) {
    throw refused(fmt::format("cannot fork slot {} to slot {}, which is not empty", from, to))
        .remedy("reset the slot first");
  }
  if (tokens < 0 || tokens > source.length) {
    throw refused(
        fmt::format("cannot fork {} tokens of slot {}, which holds {}", tokens, from, source.length));
  }
  if (oldest(from) > 0) {
    throw refused(fmt::format("cannot fork slot {}: its window has kept only the positions from {} on", from,
                              oldest(from)))
        .remedy("compute the sequence again in the other slot");
  }
  const int64_t whole = tokens / kBlockTokens, rest = tokens % kBlockTokens;
  const std::vector<KvBlock*> tail = pool_.take(rest > 0 ? 1 : 0);
  for (KvBlock* block : tail) pool_.copy(*source.held[static_cast<size_t>(whole)], rest, *block);
  t.held.assign(source.held.begin(), source.held.begin() + whole);
  for (KvBlock* block : t.held) ++block->owners;
  t.held.insert(t.held.end(), tail.begin(), tail.end());
  lay_out(t, blocks_for(tokens));
  t.length = t.written = tokens;
}

void KvBlocks::prepare(uint32_t slot, int64_t begin, int64_t end) {
  Table& t = table(slot);
  if (begin >= end) return;
  const std::vector<size_t> shared = shared_places(t, begin / kBlockTokens, blocks_for(end));
  const std::vector<KvBlock*> fresh = pool_.take(static_cast<int64_t>(shared.size()));
  for (size_t i = 0; i < shared.size(); ++i) replace(t, shared[i], fresh[i]);
}

void KvBlocks::grow(uint32_t slot, int64_t end) {
  Table& t = table(slot);
  t.length = std::max(t.length, end);
  t.written = std::max(t.written, end);
}

int64_t KvBlocks::capacity(uint32_t slot) const {
  return std::min(ctx_len(), block_count(table(slot)) * kBlockTokens);
}

int64_t KvBlocks::oldest(uint32_t slot, int64_t end) const {
  const int64_t blocks = blocks_for(std::max(end, table(slot).written));
  return std::max<int64_t>(0, blocks - ring_blocks_) * kBlockTokens;
}

int64_t KvBlocks::first_seen(int64_t position) const {
  return limits_.window == 0 ? 0 : std::max<int64_t>(0, position - limits_.window + 1);
}

const KvBlocks::Table& KvBlocks::table(uint32_t slot) const {
  if (slot >= tables_.size())
    throw refused(fmt::format("slot {} does not exist: the session has {} slots", slot, tables_.size()));
  return tables_[slot];
}

// Where the blocks [begin_block, end_block) lie, each place once, as far as other slots hold them, too.
std::vector<size_t> KvBlocks::shared_places(const Table& table, int64_t begin_block,
                                            int64_t end_block) const {
  std::vector<size_t> shared;
  const int64_t end = std::min(end_block, begin_block + ring_blocks_);
  for (int64_t block = begin_block; block < end; ++block) {
    const size_t at = place(block);
    if (at < table.held.size() && table.held[at]->owners > 1) shared.push_back(at);
  }
  return shared;
}

// The slot's own copy of a block that it shares.
void KvBlocks::replace(Table& table, size_t place, KvBlock* block) {
  pool_.copy(*table.held[place], kBlockTokens, *block);
  pool_.drop(table.held[place]);
  table.held[place] = block;
  lay_out(table, block_count(table));
}

void KvBlocks::lay_out(Table& table, int64_t blocks) {
  for (size_t layer = 0; layer < table.parts.size(); ++layer) {
    std::vector<float*>& part = table.parts[layer];
    part.resize(static_cast<size_t>(blocks));
    for (int64_t b = 0; b < blocks; ++b)
      part[static_cast<size_t>(b)] = pool_.part(*table.held[place(b)], layer);
  }
}

}  // namespace tessera::cpu
