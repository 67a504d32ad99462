/// A tensor seen as [outer, length, inner] around one axis.
#pragma once

#include "../dims.hpp"

namespace tessera::exec {

struct AxisView {
  int64_t outer, length, inner;

  /// Throws kInvalidArgument when `axis` (may be negative) is out of range.
  AxisView(const Dims& dims, int64_t axis) {
    size_t at = static_cast<size_t>(normalize_axis(axis, dims.rank()));
    outer = dims.product(0, at);
    length = dims[at];
    inner = dims.product(at + 1, dims.size());
  }
};

}  // namespace tessera::exec
