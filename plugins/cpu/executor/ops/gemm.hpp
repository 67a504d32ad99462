/// Dense matrix products, the one place of the executor where most time goes.
#pragma once

#include <cstdint>

namespace tessera::exec {

/// c[m, n] = a[m, k] * b[k, n], row-major and dense. Each element accumulates in float over ascending k, in
/// one chain: its bits depend neither on m nor on n nor on the instruction set.
void gemm(const float* a, const float* b, float* c, int64_t m, int64_t n, int64_t k);
/// The same for other types; A accumulates.
template <class T, class A>
void gemm_plain(const T* a, const T* b, A* c, int64_t m, int64_t n, int64_t k) {
  for (int64_t i = 0; i < m; ++i) {
    A* row = c + i * n;
    for (int64_t j = 0; j < n; ++j) row[j] = A(0);
    for (int64_t p = 0; p < k; ++p) {
      A scale = static_cast<A>(a[i * k + p]);
      const T* source = b + p * n;
      for (int64_t j = 0; j < n; ++j) row[j] = static_cast<A>(row[j] + scale * static_cast<A>(source[j]));
    }
  }
}

}  // namespace tessera::exec
