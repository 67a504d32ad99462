/// Index tensors: int32 or int64, negative counted from the end.
#pragma once

#include "../kernel.hpp"

namespace tessera::exec {

/// All indices as int64 in a tensor of the same shape, those of an axis of `length` normalised to [0,
/// length). Throws kInvalidArgument that names the index out of range.
Tensor normalized_indices(const Tensor& indices, int64_t length, BufferPool* pool);

/// The elements that GatherElements reads and ScatterElements writes: those of `indices`, with the coordinate
/// along `axis` taken from the value.
class ElementIndices {
 public:
  /// Throws kInvalidArgument when ranks differ, an index is out of range or `indices` is larger along another
  /// axis.
  ElementIndices(const Dims& dims, const Tensor& indices, int64_t axis, BufferPool* pool);

  /// Calls `f(i, offset)` for each element i of `indices`, with the offset in the tensor of `dims`.
  template <class F>
  void for_each(F&& f) const {
    const int64_t* values = indices_.data<int64_t>();
    Dims index(indices_.dims().size(), 0);
    for (int64_t i = 0; i < indices_.size(); ++i) {
      int64_t offset = values[i] * strides_[axis_];
      for (size_t d = 0; d < index.size(); ++d)
        if (d != axis_) offset += index[d] * strides_[d];
      f(i, offset);
      for (size_t d = index.size(); d-- > 0;) {
        if (++index[d] < indices_.dim(d)) break;
        index[d] = 0;
      }
    }
  }

 private:
  Tensor indices_;
  Dims strides_;
  size_t axis_;
};

/// Tuples of indices as GatherND and ScatterND have them: the last dimension of `indices` holds coordinates
/// of the dimensions after `batch_dims`; what those leave over is a slice.
class TupleIndices {
 public:
  /// Throws kInvalidArgument when a coordinate is out of range or the shapes do not fit. Refers to `indices`.
  TupleIndices(const Dims& dims, const Tensor& indices, int64_t batch_dims);

  int64_t count() const { return count_; }  ///< tuples
  int64_t slice() const { return slice_; }  ///< elements that a tuple stands for
  int64_t offset(int64_t tuple) const;      ///< of the slice's first element

 private:
  const int64_t* tuples_;
  int64_t count_, slice_, depth_, per_batch_, batch_size_;
  Dims dims_;  ///< that the coordinates go through
};

}  // namespace tessera::exec
