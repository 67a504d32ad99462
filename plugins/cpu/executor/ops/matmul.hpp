/// The shapes of a matrix product with NumPy's rules for vectors and batches.
#pragma once

#include <utility>
#include <vector>

#include "strided_walk.hpp"

namespace tessera::exec {

/// How [.., m, k] and [.., k, n] multiply. A vector counts as a row on the left, as a column on the right,
/// and its dimension is left out of the result.
struct MatMulShape {
  /// Throws kInvalidArgument when they do not multiply.
  MatMulShape(const Dims& a, const Dims& b);

  int64_t m, n, k;
  Dims dims;                                         ///< of the result
  std::vector<std::pair<int64_t, int64_t>> offsets;  ///< of a's and b's matrix for each matrix of the result

 private:
  MatMulShape(Dims a, Dims b, bool a_vector, bool b_vector);
};

}  // namespace tessera::exec
