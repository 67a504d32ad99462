#include "attention.hpp"

#include <algorithm>

#include "attention_shape.hpp"

namespace tessera::cpu {
namespace {

// Rows of a task: a few query tiles, so that tasks are long enough to hand out and short enough to balance.
constexpr int64_t kTaskRows = 64;

int64_t visible_keys(const AttentionShape& shape, const AttentionRows& rows, int64_t position) {
  if (rows.keys > 0) return rows.keys;
  return shape.window > 0 ? std::min(shape.window, position + 1) : position + 1;
}

}  // namespace

int64_t attention_scratch_floats(const AttentionShape& shape) {
  const int64_t score_rows = std::max(kScoreRows, shape.heads / shape.kv.kv_heads);
  return score_rows * (shape.kv.head_dim + kBlockTokens + padded_head_dim(shape.kv) + 2) + 16;
}

void plan_attention(const AttentionShape& shape, const AttentionRows* items, int64_t count,
                    std::vector<AttentionTask>& tasks) {
  tasks.clear();
  for (int64_t item = 0; item < count; ++item) {
    const AttentionRows& rows = items[item];
    for (int64_t begin = 0; begin < rows.rows; begin += kTaskRows) {
      const int64_t end = std::min(rows.rows, begin + kTaskRows);
      const int64_t cost = (end - begin) * visible_keys(shape, rows, rows.position + end - 1);
      for (int64_t head = 0; head < shape.kv.kv_heads; ++head)
        tasks.push_back({item, head, begin, end, cost});
    }
  }
  std::stable_sort(tasks.begin(), tasks.end(),
                   [](const AttentionTask& a, const AttentionTask& b) { return a.cost > b.cost; });
}

}  // namespace tessera::cpu
