/// Walking several operands of one logical shape at once: broadcasting, transposing, slicing, reducing.
#pragma once

#include <array>

#include "../dims.hpp"

namespace tessera::exec {

/// The NumPy broadcast of two shapes; throws kInvalidArgument when they do not fit.
Dims broadcast_dims(const Dims& a, const Dims& b);
/// Strides (in elements) that read a dense tensor of `dims` as if it had shape `as`: 0 along broadcast
/// dimensions. Throws kInvalidArgument when it does not broadcast to that shape.
Dims broadcast_strides(const Dims& dims, const Dims& as);

/// Visits the elements of a shape in row-major order for N operands, each with strides of its own, in *rows*:
/// runs along the innermost dimension. Neighbouring dimensions that all operands cross evenly are merged
/// first, so that dense operands are one row.
template <size_t N>
class StridedWalk {
 public:
  using Offsets = std::array<int64_t, N>;

  StridedWalk(const Dims& dims, const std::array<Dims, N>& strides) {
    empty_ = dims.contains(0);
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == 1) continue;
      if (!dims_.empty() && merges(strides, i, dims[i])) {
        dims_.back() *= dims[i];
        for (size_t n = 0; n < N; ++n) strides_[n].back() = strides[n][i];
      } else {
        dims_.push_back(dims[i]);
        for (size_t n = 0; n < N; ++n) strides_[n].push_back(strides[n][i]);
      }
    }
    if (!dims_.empty()) return;
    dims_.push_back(1);
    for (size_t n = 0; n < N; ++n) strides_[n].push_back(1);
  }

  int64_t row_length() const { return dims_.back(); }
  /// Elements from one element of a row to the next.
  int64_t row_stride(size_t operand) const { return strides_[operand].back(); }

  /// Calls `f(offsets)` with each operand's offset of the first element of the row.
  template <class F>
  void for_each_row(F&& f) const {
    if (empty_) return;
    Offsets offsets{};
    Dims index(dims_.size(), 0);
    for (;;) {
      f(static_cast<const Offsets&>(offsets));
      size_t i = dims_.size() - 1;
      for (;;) {
        if (i == 0) return;
        --i;
        for (size_t n = 0; n < N; ++n) offsets[n] += strides_[n][i];
        if (++index[i] < dims_[i]) break;
        for (size_t n = 0; n < N; ++n) offsets[n] -= strides_[n][i] * dims_[i];
        index[i] = 0;
      }
    }
  }

  /// Calls `f(offsets)` for every element.
  template <class F>
  void for_each(F&& f) const {
    for_each_row([&](const Offsets& row) {
      Offsets offsets = row;
      for (int64_t i = 0; i < row_length(); ++i) {
        f(static_cast<const Offsets&>(offsets));
        for (size_t n = 0; n < N; ++n) offsets[n] += row_stride(n);
      }
    });
  }

 private:
  bool merges(const std::array<Dims, N>& strides, size_t i, int64_t dim) const {
    for (size_t n = 0; n < N; ++n)
      if (strides_[n].back() != strides[n][i] * dim) return false;
    return true;
  }

  bool empty_ = false;
  Dims dims_;
  std::array<Dims, N> strides_;
};

}  // namespace tessera::exec
