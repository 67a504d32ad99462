/// A tensor at run time: dtype, dimensions and shared or borrowed memory. Copies are cheap and share the
/// memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "buffer_pool.hpp"
#include "dims.hpp"
#include "element.hpp"

namespace tessera::exec {

/// A dense row-major tensor. One object belongs to one thread at a time; the memory may be read from several.
///
/// Memory is either owned with others (64-byte aligned) or *borrowed*: a view of bytes that live elsewhere, a
/// mapped weight, say. Borrowed bytes may be huge and may be unaligned; nothing here copies them but
/// `aligned()`.
class Tensor {
 public:
  /// No tensor at all: an omitted input. `has_value()` is false.
  Tensor() = default;
  Tensor(Tensor&&) noexcept = default;
  Tensor(const Tensor&) = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  Tensor& operator=(const Tensor&) = default;

  /// Uninitialised elements (empty strings for kString), from `pool` or, without one, from the heap.
  /// Throws kInvalidArgument for a negative dimension, kOutOfMemory.
  static Tensor allocate(DataType dtype, const Dims& dims, BufferPool* pool = nullptr);
  /// A read-only view of `bytes`, which must stay valid as long as `keep_alive` or, if that is null, as long
  /// as any copy of this tensor. Not for kString.
  static Tensor borrow(DataType dtype, const Dims& dims, const void* bytes,
                       std::shared_ptr<const void> keep_alive = nullptr);
  /// The same for memory that a kernel may write in place (a KV cache): `mutable_data` works on every copy.
  static Tensor borrow_writable(DataType dtype, const Dims& dims, void* bytes);
  /// Copies `values` (row-major).
  template <class T>
  static Tensor of(const Dims& dims, const std::vector<T>& values);
  template <class T>
  static Tensor scalar(T value) {
    return of<T>({}, {value});
  }

  bool has_value() const { return dtype_ != DataType::kUndefined; }
  DataType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int64_t rank() const { return dims_.rank(); }
  int64_t dim(size_t i) const { return dims_[i]; }
  /// Number of elements.
  int64_t size() const { return size_; }
  size_t size_bytes() const { return static_cast<size_t>(size_) * element_size(dtype_); }

  /// The elements. Throws kInternal when T is not the tensor's type or borrowed bytes are not aligned for T
  /// (a kernel that did not say `accepts_unaligned` never sees such).
  template <class T>
  const T* data() const {
    check_type(data_type_of<T>(), alignof(T));
    if constexpr (std::is_same_v<T, std::string>) {
      return buffer_->strings.data();
    } else {
      return reinterpret_cast<const T*>(bytes_);
    }
  }
  /// For the kernel that made the tensor. Throws kInternal when the memory is borrowed read-only or shared.
  template <class T>
  T* mutable_data() {
    check_writable();
    return const_cast<T*>(data<T>());
  }
  /// The bytes as they are, perhaps unaligned. Null for kString.
  const std::byte* bytes() const { return bytes_; }
  std::byte* mutable_bytes() {
    check_writable();
    return const_cast<std::byte*>(bytes_);
  }
  /// The elements for moving (`dispatch_moved`): strings, or units that may be unaligned.
  template <class U>
  const U* units() const {
    if constexpr (std::is_same_v<U, std::string>) {
      return data<std::string>();
    } else {
      return reinterpret_cast<const U*>(bytes_);
    }
  }
  template <class U>
  U* mutable_units() {
    check_writable();
    return const_cast<U*>(units<U>());
  }

  bool is_aligned() const { return reinterpret_cast<uintptr_t>(bytes_) % alignment() == 0; }
  /// True when nobody else refers to the memory, so that a kernel that owns this copy may overwrite it.
  bool is_unique() const { return buffer_.unique() && !borrowed_; }
  /// This tensor, or a copy of it in aligned memory when it is not aligned.
  Tensor aligned(BufferPool* pool = nullptr) const;
  /// A copy in memory of its own.
  Tensor copy(BufferPool* pool = nullptr) const;
  /// The same memory under other dimensions of equal product (kInternal otherwise).
  Tensor reshaped(const Dims& dims) const;

 private:
  size_t alignment() const;
  void check_type(DataType wanted, size_t alignment) const {
    if (wanted != dtype_ || reinterpret_cast<uintptr_t>(bytes_) % alignment != 0) type_mismatch(wanted);
  }
  void check_writable() const {
    if (!writable_ && !is_unique()) not_writable();
  }
  [[noreturn]] void type_mismatch(DataType wanted) const;
  [[noreturn]] void not_writable() const;

  DataType dtype_ = DataType::kUndefined;
  bool borrowed_ = false;
  bool writable_ = false;
  int64_t size_ = 0;
  const std::byte* bytes_ = nullptr;
  BufferRef buffer_;
  std::shared_ptr<const void> keep_alive_;
  Dims dims_;
};

template <class T>
Tensor Tensor::of(const Dims& dims, const std::vector<T>& values) {
  Tensor result = allocate(data_type_of<T>(), dims);
  if (result.size() != static_cast<int64_t>(values.size()))
    throw Error(ErrorCode::kInvalidArgument, "as many values as the dimensions say are needed");
  std::copy(values.begin(), values.end(), result.mutable_data<T>());
  return result;
}

using Sequence = std::vector<Tensor>;

/// What an ONNX value holds at run time: a tensor, a sequence of tensors, or nothing (an omitted input, an
/// empty optional). Converts from Tensor.
class Value {
 public:
  Value() = default;
  // NOLINTNEXTLINE(google-explicit-constructor): most values are tensors
  Value(Tensor tensor) : tensor_(std::move(tensor)) {}
  explicit Value(Sequence sequence) : sequence_(std::make_shared<const Sequence>(std::move(sequence))) {}

  bool has_value() const { return tensor_.has_value() || sequence_; }
  bool is_tensor() const { return tensor_.has_value(); }
  bool is_sequence() const { return sequence_ != nullptr; }
  /// Throws kInvalidArgument when it is not a tensor / not a sequence.
  const Tensor& tensor() const {
    if (!tensor_.has_value()) not_a("tensor");
    return tensor_;
  }
  const Sequence& sequence() const {
    if (!sequence_) not_a("sequence");
    return *sequence_;
  }

 private:
  friend class Context;
  [[noreturn]] void not_a(const char* kind) const;

  Tensor tensor_;
  std::shared_ptr<const Sequence> sequence_;
};

/// A tensor from a model, its bytes copied. Throws kInvalidArgument for external data, kCorruptData when the
/// bytes do not fill the dimensions.
Tensor from_graph(const graph::Tensor& tensor);
/// A tensor for a model, its bytes copied (bytes in `raw_data`).
graph::Tensor to_graph(const Tensor& tensor, std::string name);

}  // namespace tessera::exec
