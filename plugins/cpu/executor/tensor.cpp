#include "tensor.hpp"

#include <fmt/format.h>

namespace tessera::exec {

Tensor Tensor::allocate(DataType dtype, const Dims& dims, BufferPool* pool) {
  for (int64_t dim : dims)
    if (dim < 0) throw Error(ErrorCode::kInvalidArgument, fmt::format("shape {} is negative", dims.text()));
  Tensor result;
  result.dtype_ = dtype;
  result.dims_ = dims;
  result.size_ = dims.product();
  if (dtype == DataType::kString) {
    result.buffer_ = allocate_strings(static_cast<size_t>(result.size_));
    return result;
  }
  int64_t bytes = 0;
  int64_t each = static_cast<int64_t>(element_size(dtype));
  if (each == 0) throw_unsupported_dtype(dtype);
  if (__builtin_mul_overflow(result.size_, each, &bytes))
    throw Error(ErrorCode::kOutOfMemory, fmt::format("shape {} has more bytes than memory has", dims.text()));
  result.buffer_ =
      pool ? pool->allocate(static_cast<size_t>(bytes)) : allocate_buffer(static_cast<size_t>(bytes));
  result.bytes_ = result.buffer_->bytes;
  return result;
}

Tensor Tensor::borrow(DataType dtype, const Dims& dims, const void* bytes,
                      std::shared_ptr<const void> keep_alive) {
  if (element_size(dtype) == 0) throw_unsupported_dtype(dtype);
  Tensor result;
  result.dtype_ = dtype;
  result.dims_ = dims;
  result.size_ = dims.product();
  result.bytes_ = static_cast<const std::byte*>(bytes);
  result.keep_alive_ = std::move(keep_alive);
  result.borrowed_ = true;
  return result;
}

Tensor Tensor::borrow_writable(DataType dtype, const Dims& dims, void* bytes) {
  Tensor result = borrow(dtype, dims, bytes);
  result.writable_ = true;
  return result;
}

size_t Tensor::alignment() const {
  switch (dtype_) {
    case DataType::kComplex64:
      return 4;
    case DataType::kComplex128:
      return 8;
    case DataType::kString:
      return 1;
    default:
      return std::max<size_t>(element_size(dtype_), 1);
  }
}

Tensor Tensor::aligned(BufferPool* pool) const {
  return is_aligned() ? *this : copy(pool);
}

Tensor Tensor::copy(BufferPool* pool) const {
  Tensor result = allocate(dtype_, dims_, pool);
  if (dtype_ == DataType::kString) {
    result.buffer_->strings = buffer_->strings;
  } else if (size_ > 0) {
    std::memcpy(result.buffer_->bytes, bytes_, size_bytes());
  }
  return result;
}

Tensor Tensor::reshaped(const Dims& dims) const {
  if (dims.product() != size_)
    throw Error(ErrorCode::kInternal, fmt::format("{} reshaped to {}", dims_.text(), dims.text()));
  Tensor result = *this;
  result.dims_ = dims;
  return result;
}

void Tensor::type_mismatch(DataType wanted) const {
  if (wanted == dtype_)
    throw Error(ErrorCode::kInternal,
                fmt::format("unaligned {} tensor read as if aligned", dtype_name(dtype_)));
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("a tensor of {} where {} is expected", dtype_name(dtype_), dtype_name(wanted)));
}

void Tensor::not_writable() const {
  throw Error(ErrorCode::kInternal, "write to a tensor that is shared or borrowed");
}

void Value::not_a(const char* kind) const {
  const char* found = tensor_.has_value() ? "a tensor" : sequence_ ? "a sequence" : "nothing";
  throw Error(ErrorCode::kInvalidArgument, fmt::format("{} where a {} is expected", found, kind));
}

Tensor from_graph(const graph::Tensor& tensor) {
  if (tensor.external)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("tensor '{}' lies in '{}', outside the model",
                                                         tensor.name, tensor.external->location));
  Tensor result = Tensor::allocate(tensor.dtype, tensor.dims);
  bool strings = tensor.dtype == DataType::kString;
  size_t found = strings ? tensor.string_data.size() : tensor.raw_data.size();
  size_t wanted = strings ? static_cast<size_t>(result.size()) : result.size_bytes();
  if (found != wanted)
    throw Error(ErrorCode::kCorruptData,
                fmt::format("tensor '{}' {} {} has {} {}, {} expected", tensor.name, dtype_name(tensor.dtype),
                            result.dims().text(), found, strings ? "strings" : "bytes", wanted));
  if (strings) {
    std::copy(tensor.string_data.begin(), tensor.string_data.end(), result.mutable_data<std::string>());
  } else if (wanted > 0) {
    std::memcpy(result.mutable_bytes(), tensor.raw_data.data(), wanted);
  }
  return result;
}

graph::Tensor to_graph(const Tensor& tensor, std::string name) {
  graph::Tensor result;
  result.name = std::move(name);
  result.dtype = tensor.dtype();
  result.dims.assign(tensor.dims().begin(), tensor.dims().end());
  if (tensor.dtype() == DataType::kString) {
    result.string_data.assign(tensor.data<std::string>(), tensor.data<std::string>() + tensor.size());
  } else {
    result.raw_data.assign(reinterpret_cast<const char*>(tensor.bytes()), tensor.size_bytes());
  }
  return result;
}

}  // namespace tessera::exec
