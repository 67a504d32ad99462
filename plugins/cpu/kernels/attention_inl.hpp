/// Attention over cache blocks. Include after a vector_*.hpp.
#pragma once

#include "attention_shape.hpp"
#include "linear_inl.hpp"
#include "math_inl.hpp"

namespace tessera::cpu {
namespace {

/// The visible lanes [begin, end) of one block for one query row.
struct Lanes {
  int64_t begin, end;
};

inline Lanes visible_lanes(const AttentionShape& shape, int64_t position, int64_t block) {
  const int64_t start = block * kBlockTokens;
  const int64_t oldest = shape.window > 0 ? larger(0, position - shape.window + 1) : 0;
  return {larger(0, oldest - start), smaller(kBlockTokens, position + 1 - start)};
}

/// A few query rows and all query heads of one kv head. Score row i is query row i / group, head i % group;
/// score rows share every load of keys and values.
struct QueryTile {
  const AttentionShape& shape;
  const AttentionRows& rows;
  int64_t kv_head;
  int64_t first_row, row_count;
  int64_t group;   // query heads of a kv head
  int64_t v_dim;   // head_dim, padded to a multiple of 32
  float* q;        // packed queries: tiles [head_dim][h] of score rows
  float* scores;   // [score rows][64]
  float* sums;     // [score rows][v_dim]
  float* row_max;  // [score rows]
  float* row_sum;  // [score rows]

  int64_t score_rows() const { return row_count * group; }
  /// The last position that a row sees.
  int64_t position(int64_t row) const {
    return rows.keys > 0 ? rows.keys - 1 : rows.position + first_row + row;
  }
};

inline void start(const QueryTile& tile) {
  const int64_t dim = tile.shape.kv.head_dim;
  const RowTiles tiles(tile.score_rows(), kTileRows);
  for (int64_t t = 0; t < tiles.count; ++t) {
    const int64_t first = tiles.begin(t), h = tiles.begin(t + 1) - first;
    for (int64_t r = 0; r < h; ++r) {
      const int64_t i = first + r;
      const float* q = tile.rows.q + (tile.first_row + i / tile.group) * tile.rows.ldq +
                       (tile.kv_head * tile.group + i % tile.group) * dim;
      for (int64_t d = 0; d < dim; ++d) tile.q[first * dim + d * h + r] = q[d];
    }
  }
  for (int64_t i = 0; i < tile.score_rows() * tile.v_dim; ++i) tile.sums[i] = 0.0f;
  for (int64_t i = 0; i < tile.score_rows(); ++i) {
    tile.row_max[i] = -__builtin_inff();
    tile.row_sum[i] = 0.0f;
  }
}

/// scores[i][lane] = q[i] . k[lane], all 64 lanes; those that a row does not see are thrown away later.
inline void multiply_keys(const QueryTile& tile, const float* keys) {
  const int64_t dim = tile.shape.kv.head_dim;
  const RowTiles tiles(tile.score_rows(), kTileRows);
  for (int64_t t = 0; t < tiles.count; ++t) {
    const int64_t first = tiles.begin(t), h = tiles.begin(t + 1) - first;
    for (int64_t half = 0; half < 2; ++half) {
      Tile part = {dim,
                   tile.q + first * dim,
                   keys + half * dim * kPanelWidth,
                   tile.scores + first * kBlockTokens + half * kPanelWidth,
                   kBlockTokens,
                   kPanelWidth,
                   false,
                   nullptr};
      if (t == 0) {  // the other half, then the values, which lie behind the keys
        part.next_pages = reinterpret_cast<const char*>(keys + (half + 1) * dim * kPanelWidth);
        part.next_lines = dim / kPiecePages;
      }
      multiply_rows<float, 0, false>.of[h - 1](part);
    }
  }
}

/// Turns one row of scores into weights relative to the row's running maximum, +0 where the row does not see,
/// and rescales what was summed before when the maximum grew.
inline void soften(const QueryTile& tile, int64_t i, Lanes lanes) {
  float* row = tile.scores + i * kBlockTokens;
  const Vec minus_infinity = splat(-__builtin_inff());
  Vec score[4];
#pragma GCC unroll 4
  for (int64_t part = 0; part < 4; ++part) {
    const int64_t begin = smaller(16, larger(0, lanes.begin - 16 * part));
    const int64_t end = larger(begin, smaller(16, lanes.end - 16 * part));
    score[part] = keep_lanes(mul(load(row + 16 * part), splat(tile.shape.scale)), begin, end, minus_infinity);
  }
  const float block_max = max_lanes(max(max(score[0], score[1]), max(score[2], score[3])));
  if (block_max > tile.row_max[i]) {
    const Vec factor = exp(splat(tile.row_max[i] - block_max));
    tile.row_max[i] = block_max;
    float* sums = tile.sums + i * tile.v_dim;
    for (int64_t d = 0; d < tile.v_dim; d += 16) store(sums + d, mul(load(sums + d), factor));
    store_first(tile.row_sum + i, mul(load_first(tile.row_sum + i, 1), factor), 1);
  }
  const Vec top = splat(tile.row_max[i]);
#pragma GCC unroll 4
  for (int64_t part = 0; part < 4; ++part) {
    const int64_t begin = smaller(16, larger(0, lanes.begin - 16 * part));
    const int64_t end = larger(begin, smaller(16, lanes.end - 16 * part));
    score[part] = keep_lanes(exp(sub(score[part], top)), begin, end, zero());
    store(row + 16 * part, score[part]);
  }
  tile.row_sum[i] += sum_lanes(add(add(score[0], score[1]), add(score[2], score[3])));
}

/// sums[i] += weights[i][lane] * v[lane] for score rows [begin, end) and `lanes`, in ascending lane. Asks for
/// what lies at `next`, kPiecePages pages, or null.
inline void add_values(const QueryTile& tile, int64_t begin, int64_t end, Lanes lanes, const float* values,
                       const float* next = nullptr) {
  if (begin >= end || lanes.begin >= lanes.end) return;
  const RowTiles tiles(end - begin, kTileRows);
  for (int64_t t = 0; t < tiles.count; ++t) {
    const int64_t first = begin + tiles.begin(t), h = begin + tiles.begin(t + 1) - first;
    for (int64_t d = 0; d < tile.v_dim; d += kPanelWidth) {
      Tile part = {lanes.end - lanes.begin,
                   tile.scores + first * kBlockTokens + lanes.begin,
                   values + d * kBlockTokens + lanes.begin * kPanelWidth,
                   tile.sums + first * tile.v_dim + d,
                   tile.v_dim,
                   kPanelWidth,
                   true,
                   nullptr};
      if (t == 0 && next != nullptr) {  // a part of each page with each 32 of v_dim
        part.next_lines = part.depth / kPiecePages;
        part.next_pages = reinterpret_cast<const char*>(next) + d / kPanelWidth * part.next_lines * 64;
      }
      multiply_rows<float, kBlockTokens, false>.of[h - 1](part);
    }
  }
}

/// The weighted sum of one block for query rows [begin, end): lanes that all of them see together, those that
/// only some see row by row, before and after, so that every row adds its own lanes in ascending order and no
/// others.
inline void add_block_values(const QueryTile& tile, int64_t begin, int64_t end, int64_t block,
                             const float* values, const float* next) {
  const Lanes first = visible_lanes(tile.shape, tile.position(begin), block);
  const Lanes last = visible_lanes(tile.shape, tile.position(end - 1), block);
  const Lanes common = {last.begin, first.end};
  const bool shared = common.begin < common.end;
  for (int64_t r = begin; r < end; ++r) {
    const Lanes own = visible_lanes(tile.shape, tile.position(r), block);
    const Lanes alone = {own.begin, shared ? common.begin : own.end};
    add_values(tile, r * tile.group, (r + 1) * tile.group, alone, values);
  }
  if (!shared) return;
  add_values(tile, begin * tile.group, end * tile.group, common, values, next);
  for (int64_t r = begin; r < end; ++r) {
    const Lanes own = visible_lanes(tile.shape, tile.position(r), block);
    add_values(tile, r * tile.group, (r + 1) * tile.group, {common.end, own.end}, values);
  }
}

inline void attend_block(const QueryTile& tile, int64_t block, int64_t last_block) {
  // Rows that see something of the block are neighbours: positions ascend.
  int64_t begin = 0, end = tile.row_count;
  const auto sees = [&](int64_t row) {
    const Lanes lanes = visible_lanes(tile.shape, tile.position(row), block);
    return lanes.begin < lanes.end;
  };
  while (begin < end && !sees(begin)) ++begin;
  while (end > begin && !sees(end - 1)) --end;
  if (begin == end) return;

  const int64_t dim = tile.shape.kv.head_dim;
  const int64_t head = tile.kv_head * kBlockTokens * (dim + tile.v_dim);
  const float* keys = tile.rows.blocks[block] + head;
  const float* next = block < last_block ? tile.rows.blocks[block + 1] + head : nullptr;
  const float* values = keys + kBlockTokens * dim;
  multiply_keys(tile, keys);
  for (int64_t i = begin * tile.group; i < end * tile.group; ++i) {
    soften(tile, i, visible_lanes(tile.shape, tile.position(i / tile.group), block));
  }
  add_block_values(tile, begin, end, block, values, next);
}

inline void finish(const QueryTile& tile) {
  const int64_t dim = tile.shape.kv.head_dim;
  for (int64_t i = 0; i < tile.score_rows(); ++i) {
    float* out = tile.rows.out + (tile.first_row + i / tile.group) * tile.rows.ldo +
                 (tile.kv_head * tile.group + i % tile.group) * dim;
    const Vec total = splat(tile.row_sum[i]);
    for (int64_t d = 0; d < dim; d += 16) {
      store_first(out + d, div(load(tile.sums + i * tile.v_dim + d), total), smaller(16, dim - d));
    }
  }
}

void attend(const AttentionShape& shape, const AttentionRows& rows, int64_t kv_head, int64_t row_begin,
            int64_t row_end, float* scratch) {
  const int64_t group = shape.heads / shape.kv.kv_heads, v_dim = padded_head_dim(shape.kv);
  const int64_t most_rows = larger(1, kScoreRows / group), most_scores = larger(kScoreRows, group);
  float* q = scratch;
  float* scores = q + most_scores * shape.kv.head_dim;
  float* sums = scores + most_scores * kBlockTokens;
  float* row_max = sums + most_scores * v_dim;
  for (int64_t row = row_begin; row < row_end; row += most_rows) {
    const QueryTile tile = {shape,
                            rows,
                            kv_head,
                            row,
                            smaller(most_rows, row_end - row),
                            group,
                            v_dim,
                            q,
                            scores,
                            sums,
                            row_max,
                            row_max + most_scores};
    start(tile);
    const Lanes newest = {0, tile.position(tile.row_count - 1) / kBlockTokens + 1};
    const int64_t oldest =
        shape.window > 0 ? larger(0, tile.position(0) - shape.window + 1) / kBlockTokens : 0;
    for (int64_t block = oldest; block < newest.end; ++block) attend_block(tile, block, newest.end - 1);
    finish(tile);
  }
}

}  // namespace
}  // namespace tessera::cpu
