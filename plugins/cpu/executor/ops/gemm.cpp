#include "gemm.hpp"

#include <algorithm>

namespace tessera::exec {
namespace {

// A tile of kRows x kColumns sums stays in registers while k runs; one row of b serves kRows rows of a. Plain
// loops of fixed length, which the compiler turns into vectors. No fused multiply-add (the build forbids
// contraction), so all instruction sets give equal bits.
template <int kRows, int kColumns>
[[gnu::always_inline]] inline void tile(const float* a, const float* b, float* c, int64_t n, int64_t k) {
  float sums[kRows][kColumns] = {};
  for (int64_t p = 0; p < k; ++p)
    for (int r = 0; r < kRows; ++r) {
      float scale = a[r * k + p];
      for (int j = 0; j < kColumns; ++j) sums[r][j] += scale * b[p * n + j];
    }
  for (int r = 0; r < kRows; ++r)
    for (int j = 0; j < kColumns; ++j) c[r * n + j] = sums[r][j];
}

template <int kRows, int kColumns>
[[gnu::always_inline]] inline void columns(const float* a, const float* b, float* c, int64_t n, int64_t k) {
  int64_t j = 0;
  for (; j + kColumns <= n; j += kColumns) tile<kRows, kColumns>(a, b + j, c + j, n, k);
  for (; j + 4 <= n; j += 4) tile<kRows, 4>(a, b + j, c + j, n, k);
  for (; j < n; ++j) tile<kRows, 1>(a, b + j, c + j, n, k);
}

template <int kColumns>
[[gnu::always_inline]] inline void rows(const float* a, const float* b, float* c, int64_t m, int64_t n,
                                        int64_t k) {
  int64_t i = 0;
  for (; i + 4 <= m; i += 4) columns<4, kColumns>(a + i * k, b, c + i * n, n, k);
  for (; i < m; ++i) columns<1, kColumns>(a + i * k, b, c + i * n, n, k);
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] void gemm_avx2(const float* a, const float* b, float* c, int64_t m, int64_t n,
                                       int64_t k) {
  rows<16>(a, b, c, m, n, k);
}
#endif

void gemm_portable(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k) {
  rows<8>(a, b, c, m, n, k);
}

}  // namespace

void gemm(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2");
  if (has_avx2) return gemm_avx2(a, b, c, m, n, k);
#endif
  gemm_portable(a, b, c, m, n, k);
}

}  // namespace tessera::exec
