/// Attention over the key/value cache of a slot.
///
/// The cache of a slot is a table of blocks of 64 tokens at absolute positions: token p is lane p % 64 of
/// block p / 64. One block holds one layer's keys and values of all kv heads; per head
///   K  [2][head_dim][32]            keys: 2 panels of 32 tokens, so that scores come out by position
///   V  [ceil(head_dim / 32)][64][32] values: panels of 32 dimensions
/// which are the weight panels of packed_linear.hpp: scores and weighted sums run on the linear layers' own
/// kernel.
///
/// Softmax goes block by block in ascending position with a running maximum (arXiv:2205.14135), each row for
/// itself: row bits depend on the row's query, its position and the visible keys and values alone. A key that
/// a row does not see is never multiplied, so what stale memory holds does not matter.
///
/// The kernels look at the table only for blocks that some row sees: a ring is a table whose entries repeat,
/// and a copy-on-write fork is a table that shares entries.
#pragma once

#include <cstdint>
#include <vector>

#include "kernel_table.hpp"

namespace tessera::cpu {

constexpr int64_t kBlockTokens = 64;

/// Shape of one layer's cache.
struct KvShape {
  int64_t kv_heads = 0;
  int64_t head_dim = 0;  ///< 1 .. 256
};
/// Floats of one block, a multiple of 64; blocks should be aligned to 64 bytes.
int64_t kv_block_floats(const KvShape& shape);

/// Writes one token's key and value, [kv_heads, head_dim] each, to lane position % 64 of `block`. Any thread;
/// different tokens and different `kv_head` ranges at once.
void kv_append(const KvShape& shape, int64_t position, const float* key, const float* value, float* block);

/// Copies tokens [begin, end) (lanes of a block, 0 .. 64) of one block to another: copy on write of a tail.
void kv_copy(const KvShape& shape, int64_t begin, int64_t end, const float* from, float* to);

struct AttentionShape {
  KvShape kv;
  int64_t heads = 0;  ///< query heads, a multiple of kv.kv_heads; head h reads kv head h / (heads / kv_heads)
  float scale = 1.0f;  ///< multiplies the scores, usually 1 / sqrt(head_dim)
  int64_t window = 0;  ///< query i sees key j when i - window < j <= i; 0 = no window
};

/// A run of rows of a step: one slot, consecutive positions. A decode row is a run of one; prefill rows of a
/// slot are one long run. Keys and values of the run itself are in the cache before `attend`. Rows of
/// encoders see what comes after them, too: all `keys` of their sequence.
struct AttentionRows {
  const float* const* blocks = nullptr;  ///< block table of the slot and layer, indexed by position / 64
  int64_t position = 0;                  ///< of the first row
  int64_t rows = 0;
  const float* q = nullptr;  ///< [rows, heads, head_dim]
  int64_t ldq = 0;           ///< elements from a row of q to the next
  float* out = nullptr;      ///< [rows, heads, head_dim]; must not overlap q
  int64_t ldo = 0;
  int64_t keys = 0;  ///< > 0: every row sees the positions [0, keys), wherever it stands; no window then
};

/// Floats of scratch that one thread needs for `KernelTable::attend`.
int64_t attention_scratch_floats(const AttentionShape& shape);

/// One call of `KernelTable::attend`.
struct AttentionTask {
  int64_t item = 0;  ///< index of the AttentionRows
  int64_t kv_head = 0;
  int64_t row_begin = 0, row_end = 0;
  int64_t cost = 0;  ///< pairs of query and key, roughly
};

/// Cuts the attention of a step into tasks, the longest first, for `Team::for_each`. `tasks` is overwritten
/// and keeps its capacity.
void plan_attention(const AttentionShape& shape, const AttentionRows* items, int64_t count,
                    std::vector<AttentionTask>& tasks);

}  // namespace tessera::cpu
