/// How a linear call is cut into blocks. None of it enters the bits: a cut in K carries its F32 sum.
#pragma once

#include <cstdint>

namespace tessera::cpu {

constexpr int64_t kRowBlock = 512;    ///< rows that are multiplied with one pass over the weights
constexpr int64_t kDepthBlock = 512;  ///< k of a block: 512 x 512 floats of x stay in the second-level cache
constexpr int64_t kFewTiles = 3;      ///< up to here tiles wait for the weights, not weights for the tiles
constexpr int64_t kPageBytes = 4096;  ///< how far the hardware's prefetcher looks by itself
constexpr int64_t kPiecePages = 4;  ///< of weights that few tiles use before the next; divides a depth block

/// The rows of a row block in tiles of nearly equal height, at most `tile_rows`.
struct RowTiles {
  int64_t rows, count;
  constexpr RowTiles(int64_t rows_, int64_t tile_rows)
      : rows(rows_), count((rows_ + tile_rows - 1) / tile_rows) {}
  [[gnu::always_inline]] constexpr int64_t begin(int64_t tile) const { return rows * tile / count; }
};

/// The tiles of one row block of a linear layer: a single one reads the weights as a stream.
constexpr RowTiles row_tiles(int64_t rows, int64_t tile_rows, int64_t stream_rows) {
  return {rows, rows <= stream_rows ? stream_rows : tile_rows};
}

}  // namespace tessera::cpu
