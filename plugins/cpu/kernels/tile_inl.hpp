/// The register tile under all matrix products: h rows of `a` times one panel of weights, h x 32 sums in
/// registers. Include after a vector_*.hpp.
#pragma once

#include <utility>

#include "packed_linear.hpp"

namespace tessera::cpu {
namespace {

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
};

inline Vec load_columns(const float* p, int64_t columns) {
  return columns >= 16 ? load(p) : load_first(p, columns);
}
inline void store_columns(float* p, Vec v, int64_t columns) {
  if (columns >= 16) {
    store(p, v);
  } else {
    store_first(p, v, columns);
  }
}

// How far ahead of its use a weight is asked for. The hardware's prefetcher stops at each page of 4 KB.
constexpr int64_t kPrefetchBytes = 2048;

/// `V` vectors of outputs, from vector `v0` of the panel. kStride: floats from a row of `a` to the next, k
/// then being next to each other; 0: `a` is [depth][h].
template <class Weight, int h, int kStride, bool kStream>
inline void multiply_vectors(const Tile& tile, int v0) {
  constexpr int V = kTileVecs;
  Vec sum[h][V];
  const int64_t columns = tile.columns - 16 * v0;
#pragma GCC unroll 16
  for (int r = 0; r < h; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) {
      const bool there = tile.carry && columns > 16 * v;
      sum[r][v] = there ? load_columns(tile.c + r * tile.ldc + 16 * (v0 + v), columns - 16 * v) : zero();
    }
  }
  const float* a = tile.a;
  const auto* b = static_cast<const Weight*>(tile.b) + 16 * v0;
#pragma GCC unroll 2
  for (int64_t k = 0; k < tile.depth; ++k) {
    Vec weight[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) weight[v] = load_weights(b + 16 * v);
    if constexpr (kStream) {
      prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes);
      if constexpr (sizeof(Weight) == 4) prefetch(reinterpret_cast<const char*>(b) + kPrefetchBytes + 64);
    }
#pragma GCC unroll 16
    for (int r = 0; r < h; ++r) {
      const Vec x = splat(kStride == 0 ? a[r] : a[r * kStride]);
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) sum[r][v] = fma(x, weight[v], sum[r][v]);
    }
    a += kStride == 0 ? h : 1;
    b += kPanelWidth;
  }
#pragma GCC unroll 16
  for (int r = 0; r < h; ++r) {
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) {
      if (columns <= 16 * v) continue;
      const int64_t n = columns - 16 * v;
      Vec y = sum[r][v];
      if (tile.bias != nullptr) y = add(y, load_columns(tile.bias + 16 * (v0 + v), n));
      store_columns(tile.c + r * tile.ldc + 16 * (v0 + v), y, n);
    }
  }
}

template <class Weight, int h, int kStride, bool kStream>
void multiply(const Tile& tile) {
  for (int v0 = 0; v0 < 2 && 16 * v0 < tile.columns; v0 += kTileVecs) {
    multiply_vectors<Weight, h, kStride, kStream>(tile, v0);
  }
}

using Multiply = void (*)(const Tile&);

/// multiply_rows<...>.of[h - 1] multiplies tiles of h rows.
struct MultiplyTable {
  Multiply of[kTileRows];
};
template <class Weight, int kStride, bool kStream, int... index>
constexpr MultiplyTable make_multiply_table(std::integer_sequence<int, index...>) {
  return {{&multiply<Weight, index + 1, kStride, kStream>...}};
}
template <class Weight, int kStride, bool kStream>
constexpr MultiplyTable multiply_rows =
    make_multiply_table<Weight, kStride, kStream>(std::make_integer_sequence<int, kTileRows>());

}  // namespace
}  // namespace tessera::cpu
