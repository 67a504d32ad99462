/// Linear layers on packed panels. Include after a vector_*.hpp.
///
/// Rows are cut into blocks of 512, a block into tiles of at most kTileRows (kStreamRows if it is one tile).
/// Packed rows lie as
///   [row block][depth block][tile][k][row of the tile]
/// so a tile reads x as one stream. With a single tile (decode) a panel is read once from end to end, which
/// is what memory likes; so it is with a few tiles, in pieces; with more tiles the loops go depth block,
/// panel, tile: 512 x 512 of x stay in the second-level cache, 512 x 32 weights in the first, and each weight
/// comes from memory once for each 512 rows.
#pragma once

#include "kernel_table.hpp"
#include "linear_blocking.hpp"
#include "tile_inl.hpp"

namespace tessera::cpu {
namespace {

/// Rows of the tile `h`, `depth` of k from x, to [depth][h].
inline void pack_tile(int64_t h, int64_t depth, const float* x, int64_t ldx, float* out) {
  int64_t k = 0;
  for (; k + 16 <= depth; k += 16) {
    // Rows lie in different pages, too many for the hardware's prefetcher.
    for (int64_t r = 0; r < h; ++r) prefetch(x + r * ldx + k + 64);
    transpose_16(static_cast<int>(h), x + k, ldx, out + k * h);
  }
  for (; k < depth; ++k) {
    for (int64_t r = 0; r < h; ++r) out[k * h + r] = x[r * ldx + k];
  }
}

void pack_rows(const LinearCall& call, int64_t unit_begin, int64_t unit_end, float* packed_x) {
  // A unit is one depth block of one tile, in the order of the file comment.
  const int64_t in = call.shape.in;
  int64_t unit = 0;
  for (int64_t row0 = 0; row0 < call.rows; row0 += kRowBlock) {
    const RowTiles tiles = row_tiles(smaller(kRowBlock, call.rows - row0), kTileRows, kStreamRows);
    for (int64_t k0 = 0; k0 < in; k0 += kDepthBlock) {
      const int64_t depth = smaller(kDepthBlock, in - k0);
      float* block = packed_x + row0 * in + k0 * tiles.rows;
      for (int64_t t = 0; t < tiles.count; ++t, ++unit) {
        if (unit < unit_begin) continue;
        if (unit >= unit_end) return;
        const int64_t first = tiles.begin(t);
        pack_tile(tiles.begin(t + 1) - first, depth, call.x + (row0 + first) * call.ldx + k0, call.ldx,
                  block + first * depth);
      }
    }
  }
}

/// At most kStreamRows rows, panel after panel over the whole depth.
template <class Weight>
void linear_single_tile(const LinearCall& call, const float* packed_x, int64_t panel_begin,
                        int64_t panel_end) {
  const Multiply run = multiply_rows<Weight, 0, true>.of[call.rows - 1];
  const int64_t panel_size = call.shape.in * kPanelWidth;
  const auto* weights = static_cast<const Weight*>(call.packed);
  for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
    const int64_t column = panel * kPanelWidth;
    run({call.shape.in, packed_x, weights + panel * panel_size, call.y + column, call.ldy,
         smaller(kPanelWidth, call.shape.out - column), false,
         call.bias == nullptr ? nullptr : call.bias + column,
         reinterpret_cast<const char*>(weights + panel_end * panel_size)});
  }
}

/// The weights of a depth block as F32: as they are, or widened once for all tiles.
inline const float* widened(const float* weights, int64_t, float*) {
  return weights;
}
template <class Weight>
inline const float* widened(const Weight* weights, int64_t n, float* buffer) {
  for (int64_t i = 0; i < n; i += 16) store(buffer + i, load_weights(weights + i));
  return buffer;
}

/// All tiles of a row block, one depth block, one panel.
template <class Weight>
inline void multiply_block(const LinearCall& call, const RowTiles& tiles, int64_t row0, int64_t k0,
                           int64_t panel, const float* packed_block, float* widen_buffer) {
  const int64_t in = call.shape.in, depth = smaller(kDepthBlock, in - k0), column = panel * kPanelWidth;
  const bool last = k0 + depth == in;
  const Weight* weights = static_cast<const Weight*>(call.packed) + (panel * in + k0) * kPanelWidth;
  const float* b = widened(weights, depth * kPanelWidth, widen_buffer);
  // While a tile computes, it asks for the next tile's y and for its share of the next panel's weights.
  float* y = call.y + row0 * call.ldy + column;
  const auto* next_weights = reinterpret_cast<const char*>(weights + in * kPanelWidth);
  const int64_t lines_a_step = kPrefetchStep * kPanelWidth * static_cast<int64_t>(sizeof(Weight)) / 64;
  const int64_t lines = (lines_a_step + tiles.count - 1) / tiles.count;
  const int64_t share = depth / kPrefetchStep * lines * 64;
  for (int64_t t = 0; t < tiles.count; ++t) {
    const int64_t first = tiles.begin(t), h = tiles.begin(t + 1) - first;
    Tile tile = {depth,    packed_block + first * depth,
                 b,        y + first * call.ldy,
                 call.ldy, smaller(kPanelWidth, call.shape.out - column),
                 k0 > 0,   last && call.bias != nullptr ? call.bias + column : nullptr};
    tile.next_c = t + 1 < tiles.count ? y + tiles.begin(t + 1) * call.ldy : y + kPanelWidth;
    tile.next_b = next_weights + t * share;
    tile.next_lines = lines;
    multiply_rows<float, 0, false>.of[h - 1](tile);
  }
}

/// A row block of few tiles, which wait for memory: weights pass by in pieces, one after the other. What one
/// tile has read of a piece, the others find in the first-level cache; meanwhile each asks for its part of
/// the next.
template <class Weight>
void linear_few_tiles(const LinearCall& call, const RowTiles& tiles, int64_t row0, const float* packed_x,
                      int64_t panel_begin, int64_t panel_end) {
  constexpr int64_t kPiece = kPiecePages * kPageBytes / (kPanelWidth * sizeof(Weight));  // k
  alignas(64) float widen_buffer[sizeof(Weight) == 4 ? 16 : kPiece * kPanelWidth];
  const int64_t in = call.shape.in, lines = kPageBytes / 64 / tiles.count;
  for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
    const int64_t column = panel * kPanelWidth;
    const Weight* weights = static_cast<const Weight*>(call.packed) + panel * in * kPanelWidth;
    for (int64_t k = 0; k < in; k += kPiece) {
      const int64_t k0 = k / kDepthBlock * kDepthBlock, block_depth = smaller(kDepthBlock, in - k0);
      const int64_t depth = smaller(kPiece, in - k);
      const float* b = widened(weights + k * kPanelWidth, depth * kPanelWidth, widen_buffer);
      const auto* next = reinterpret_cast<const char*>(weights + (k + kPiece) * kPanelWidth);
      for (int64_t t = 0; t < tiles.count; ++t) {
        const int64_t first = tiles.begin(t), h = tiles.begin(t + 1) - first;
        Tile tile = {depth,    packed_x + k0 * tiles.rows + first * block_depth + (k - k0) * h,
                     b,        call.y + (row0 + first) * call.ldy + column,
                     call.ldy, smaller(kPanelWidth, call.shape.out - column),
                     k > 0,    k + depth == in && call.bias != nullptr ? call.bias + column : nullptr};
        tile.next_pages = next + t * lines * 64;
        tile.next_lines = lines;
        multiply_rows<float, 0, false>.of[h - 1](tile);
      }
    }
  }
}

template <class Weight>
void linear_typed(const LinearCall& call, const float* packed_x, int64_t panel_begin, int64_t panel_end) {
  if (call.rows <= kStreamRows) return linear_single_tile<Weight>(call, packed_x, panel_begin, panel_end);
  alignas(64) float widen_buffer[sizeof(Weight) == 4 ? 16 : kDepthBlock * kPanelWidth];
  for (int64_t row0 = 0; row0 < call.rows; row0 += kRowBlock) {
    const RowTiles tiles = row_tiles(smaller(kRowBlock, call.rows - row0), kTileRows, kStreamRows);
    if (tiles.count <= kFewTiles) {
      linear_few_tiles<Weight>(call, tiles, row0, packed_x + row0 * call.shape.in, panel_begin, panel_end);
      continue;
    }
    for (int64_t k0 = 0; k0 < call.shape.in; k0 += kDepthBlock) {
      const float* block = packed_x + row0 * call.shape.in + k0 * tiles.rows;
      for (int64_t panel = panel_begin; panel < panel_end; ++panel) {
        multiply_block<Weight>(call, tiles, row0, k0, panel, block, widen_buffer);
      }
    }
  }
}

void linear(const LinearCall& call, const float* packed_x, int64_t panel_begin, int64_t panel_end) {
  switch (call.shape.type) {
    case WeightType::kF32:
      return linear_typed<float>(call, packed_x, panel_begin, panel_end);
    case WeightType::kF16:
      return linear_typed<Half>(call, packed_x, panel_begin, panel_end);
    case WeightType::kBF16:
      return linear_typed<Bfloat>(call, packed_x, panel_begin, panel_end);
  }
}

}  // namespace
}  // namespace tessera::cpu
