/// The register tile under all matrix products: h rows of `a` times one panel of weights, h x 32 sums in
/// registers. Include after a vector_*.hpp.
#pragma once

#include <utility>

#include "linear_blocking.hpp"
#include "packed_linear.hpp"

namespace tessera::cpu {
namespace {

inline int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}
inline int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

/// What one tile computes: c[r][j] = (carry ? c[r][j] : 0) + sum over k of a[r][k] * b[k][j], then + bias[j].
/// One chain of FMAs per element in ascending k; a carry in F32 continues the chain as if it had not been
/// cut.
struct Tile {
  int64_t depth;   // number of k
  const float* a;  // [depth][h], or rows at a fixed stride (see multiply)
  const void* b;   // [depth][32] weights
  float* c;        // row r at c + r * ldc
  int64_t ldc;
  int64_t columns;  // 1 .. 32: outputs that exist
  bool carry;
  const float* bias;  // [columns] or null
  // What comes next and is asked for while this tile computes. In a stream, that is what follows b up to:
  const char* end_b = nullptr;
  const float* next_c = nullptr;  // as c
  const char* next_b = nullptr;   // `next_lines` of 64 bytes for each kPrefetchStep of depth
  int64_t next_lines = 0;
  const char* next_pages = nullptr;  // or: `next_lines` of 64 bytes in each of kPiecePages pages
};

// A stream is asked for twice: far ahead to the second-level cache, then to the first. What software asks for
// waits in the few line buffers of the first level; most lines must come from the hardware's prefetcher,
// which follows each page of 4 KB by itself and stops at its end. So the far stream goes through eight pages
// side by side, and the hardware runs ahead in all of them. docs/performance.md has what was tried.
constexpr int64_t kFarBytes = 32768;
constexpr int64_t kNearBytes = 4096;
constexpr int64_t kStreamPages = 8;

// Between prefetches of what the next tile needs.
constexpr int64_t kPrefetchStep = 16;

/// `kTileVecs` vectors of outputs from vector `v0` of the panel, all of them there. kStride: floats from a
/// row of `a` to the next, k then being next to each other; 0: `a` is [depth][h].
template <class Weight, int h, int kStride, bool kStream>
inline void multiply_vectors(const Tile& tile, int v0) {
  constexpr int V = kTileVecs;
  Vec sum[h][V];
  float* c = tile.c + 16 * v0;
#pragma GCC unroll 16
  for (int r = 0; r < h; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) sum[r][v] = tile.carry ? load(c + r * tile.ldc + 16 * v) : zero();
  }
  const float* a = tile.a;
  const auto* b = static_cast<const Weight*>(tile.b) + 16 * v0;
  const auto step = [&] {
    Vec weight[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) weight[v] = load_weights(b + 16 * v);
#pragma GCC unroll 16
    for (int r = 0; r < h; ++r) {
      const Vec x = splat(a[r * (kStride == 0 ? 1 : kStride)]);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[r][v] = fma(x, weight[v], sum[r][v]);
    }
    a += kStride == 0 ? h : 1;
    b += kPanelWidth;
  };
  int64_t k = 0;
  if constexpr (kStream) {
    constexpr int64_t kBytes = kPanelWidth * sizeof(Weight);  // of one k
    for (; k + kStreamPages * kPageBytes / kBytes <= tile.depth; k += kStreamPages * kPageBytes / kBytes) {
      const char* far = reinterpret_cast<const char*>(b) + kFarBytes;
      if (far >= tile.end_b)
        far = reinterpret_cast<const char*>(b);  // nobody needs it: what is there already
      for (const char* end = far + kPageBytes; far < end; far += kBytes) {
#pragma GCC unroll 8
        for (int64_t page = 0; page < kStreamPages; ++page) {
#pragma GCC unroll 2
          for (int64_t line = 0; line < kBytes; line += 64) {
            prefetch_far(far + page * kPageBytes + line);
            prefetch(reinterpret_cast<const char*>(b) + kNearBytes + line);
          }
          step();
        }
      }
    }
  } else if (tile.next_pages != nullptr) {
    const char* far = tile.next_pages;
    const int64_t asking = smaller(tile.depth, kPiecePages * tile.next_lines);
    for (; k + kPiecePages <= asking; k += kPiecePages) {
#pragma GCC unroll 4
      for (int64_t page = 0; page < kPiecePages; ++page) {
        prefetch_far(far + page * kPageBytes);
        step();
      }
      far += 64;
    }
  } else if (tile.next_c != nullptr) {
    const float* next_c = tile.next_c;
    const char* next_b = tile.next_b;
    for (; k + kPrefetchStep <= tile.depth; k += kPrefetchStep) {
      prefetch_far(next_c);
      prefetch_far(next_c + 16);
      if (k < (h - 1) * kPrefetchStep) next_c += tile.ldc;
        // One at a time: a burst fills the queue that the loads of this tile need, too.
#pragma GCC unroll 2
      for (int64_t i = 0; i < kPrefetchStep; ++i) {
        if (i < tile.next_lines) prefetch_far(next_b + 64 * i);
        step();
      }
      next_b += 64 * tile.next_lines;
    }
  }
#pragma GCC unroll 2
  for (; k < tile.depth; ++k) {
    if constexpr (kStream) prefetch_far(reinterpret_cast<const char*>(b) + kFarBytes);
    step();
  }
  if (tile.bias != nullptr) {
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) {
      const Vec bias = load(tile.bias + 16 * (v0 + v));
#pragma GCC unroll 16
      for (int r = 0; r < h; ++r) sum[r][v] = add(sum[r][v], bias);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < h; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) store(c + r * tile.ldc + 16 * v, sum[r][v]);
  }
}

inline void copy_floats(const float* from, int64_t n, float* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}

/// A tile whose panel is not full: the same on a copy that is 32 wide, so that the kernel knows no tails.
using Multiply = void (*)(const Tile&);
inline void multiply_narrow(const Tile& tile, int h, Multiply multiply) {
  alignas(64) float c[kStreamRows * kPanelWidth] = {};
  alignas(64) float bias[kPanelWidth] = {};
  for (int r = 0; r < h && tile.carry; ++r)
    copy_floats(tile.c + r * tile.ldc, tile.columns, c + r * kPanelWidth);
  if (tile.bias != nullptr) copy_floats(tile.bias, tile.columns, bias);
  multiply({tile.depth, tile.a, tile.b, c, kPanelWidth, kPanelWidth, tile.carry,
            tile.bias != nullptr ? bias : nullptr});
  for (int r = 0; r < h; ++r) copy_floats(c + r * kPanelWidth, tile.columns, tile.c + r * tile.ldc);
}

template <class Weight, int h, int kStride, bool kStream>
void multiply(const Tile& tile) {
  if (tile.columns < kPanelWidth) return multiply_narrow(tile, h, &multiply<Weight, h, kStride, kStream>);
  for (int v0 = 0; v0 < 2; v0 += kTileVecs) multiply_vectors<Weight, h, kStride, kStream>(tile, v0);
}

/// multiply_rows<...>.of[h - 1] multiplies tiles of h rows.
struct MultiplyTable {
  Multiply of[kStreamRows];
};
template <class Weight, int kStride, bool kStream, int... index>
constexpr MultiplyTable make_multiply_table(std::integer_sequence<int, index...>) {
  return {{&multiply<Weight, index + 1, kStride, kStream>...}};
}
template <class Weight, int kStride, bool kStream>
constexpr MultiplyTable multiply_rows =
    make_multiply_table<Weight, kStride, kStream>(std::make_integer_sequence<int, kStreamRows>());

}  // namespace
}  // namespace tessera::cpu
