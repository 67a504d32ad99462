#include "indices.hpp"

#include <fmt/format.h>

#include "cast.hpp"

namespace tessera::exec {

Tensor normalized_indices(const Tensor& indices, int64_t length, BufferPool* pool) {
  if (indices.dtype() != DataType::kInt32 && indices.dtype() != DataType::kInt64)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("indices are {}, expected int64", dtype_name(indices.dtype())));
  Tensor result =
      indices.dtype() == DataType::kInt64 ? indices.copy(pool) : cast(indices, DataType::kInt64, pool);
  int64_t* values = result.mutable_data<int64_t>();
  for (int64_t i = 0; i < result.size(); ++i) {
    if (values[i] < -length || values[i] >= length)
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("index {} is out of range, the dimension is {}", values[i], length));
    if (values[i] < 0) values[i] += length;
  }
  return result;
}

ElementIndices::ElementIndices(const Dims& dims, const Tensor& indices, int64_t axis, BufferPool* pool)
    : strides_(row_major_strides(dims)), axis_(static_cast<size_t>(normalize_axis(axis, dims.rank()))) {
  bool fits = indices.rank() == dims.rank();
  for (size_t d = 0; fits && d < dims.size(); ++d) fits = d == axis_ || indices.dim(d) <= dims[d];
  if (!fits)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("indices of shape {} do not fit {} along axis {}",
                                                         indices.dims().text(), dims.text(), axis));
  indices_ = normalized_indices(indices, dims[axis_], pool);
}

TupleIndices::TupleIndices(const Dims& dims, const Tensor& indices, int64_t batch_dims)
    : tuples_(indices.data<int64_t>()) {
  size_t batch = static_cast<size_t>(batch_dims);
  depth_ = indices.rank() > 0 ? indices.dims().back() : -1;
  if (batch_dims < 0 || batch_dims >= indices.rank() || depth_ < 0 || batch_dims + depth_ > dims.rank() ||
      dims.slice(0, batch) != indices.dims().slice(0, batch))
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("indices of shape {} do not fit {}", indices.dims().text(), dims.text()));
  size_t end = batch + static_cast<size_t>(depth_);
  dims_ = dims.slice(batch, end);
  slice_ = dims.product(end, dims.size());
  batch_size_ = dims.product(batch, dims.size());
  count_ = indices.dims().product(0, indices.dims().size() - 1);
  per_batch_ = indices.dims().product(batch, indices.dims().size() - 1);
}

int64_t TupleIndices::offset(int64_t tuple) const {
  int64_t offset = 0;
  for (size_t d = 0; d < dims_.size(); ++d) {
    int64_t index = tuples_[tuple * depth_ + static_cast<int64_t>(d)];
    if (index < -dims_[d] || index >= dims_[d])
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("index {} is out of range, the dimension is {}", index, dims_[d]));
    offset = offset * dims_[d] + (index < 0 ? index + dims_[d] : index);
  }
  return tuple / per_batch_ * batch_size_ + offset * slice_;
}

}  // namespace tessera::exec
