/// A short list of int64: the dimensions of a tensor, its axes, strides, pads. Never allocates.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tessera/sdk/error.hpp"

namespace tessera::exec {

/// Dimensions, outermost first; empty is a scalar. At most `kMaxRank` entries: one more throws kNotSupported.
/// (ONNX sets no limit; 16 is beyond every model met so far and lets a tensor be copied without allocating.)
class Dims {
 public:
  static constexpr size_t kMaxRank = 16;

  Dims() = default;
  Dims(std::initializer_list<int64_t> values) { assign(values.begin(), values.size()); }
  // NOLINTNEXTLINE(google-explicit-constructor): a shape by its sizes
  Dims(const std::vector<int64_t>& values) { assign(values.data(), values.size()); }
  Dims(const int64_t* values, size_t count) { assign(values, count); }
  Dims(size_t count, int64_t value) {
    reserve(count);
    std::fill_n(values_, count, value);
    size_ = count;
  }
  Dims(const Dims& other) { *this = other; }
  Dims& operator=(const Dims& other) {
    if (this == &other) return *this;
    size_ = other.size_;
    std::copy_n(other.values_, size_, values_);
    return *this;
  }

  size_t size() const { return size_; }
  int64_t rank() const { return static_cast<int64_t>(size_); }
  bool empty() const { return size_ == 0; }
  int64_t operator[](size_t i) const { return values_[i]; }
  int64_t& operator[](size_t i) { return values_[i]; }
  int64_t back() const { return values_[size_ - 1]; }
  int64_t& back() { return values_[size_ - 1]; }
  const int64_t* begin() const { return values_; }
  const int64_t* end() const { return values_ + size_; }
  int64_t* begin() { return values_; }
  int64_t* end() { return values_ + size_; }
  const int64_t* data() const { return values_; }

  void push_back(int64_t value) {
    reserve(size_ + 1);
    values_[size_++] = value;
  }
  void insert(size_t position, int64_t value) {
    push_back(value);
    std::rotate(begin() + position, end() - 1, end());
  }
  void erase(size_t position) {
    std::copy(begin() + position + 1, end(), begin() + position);
    --size_;
  }
  void append(const int64_t* first, const int64_t* last) {
    for (; first != last; ++first) push_back(*first);
  }
  bool contains(int64_t value) const { return std::find(begin(), end(), value) != end(); }

  /// Entries [first, last).
  Dims slice(size_t first, size_t last) const { return Dims(values_ + first, last - first); }

  /// The product of entries [first, last); 1 for none. Throws kOutOfMemory when it leaves int64.
  int64_t product(size_t first, size_t last) const;
  int64_t product() const { return product(0, size_); }

  bool operator==(const Dims& other) const { return std::equal(begin(), end(), other.begin(), other.end()); }
  bool operator!=(const Dims& other) const { return !(*this == other); }

  /// "[2, 3, 64]".
  std::string text() const;

 private:
  void assign(const int64_t* values, size_t count) {
    reserve(count);
    std::copy_n(values, count, values_);
    size_ = count;
  }
  static void reserve(size_t count) {
    if (count > kMaxRank) too_long(count);
  }
  [[noreturn]] static void too_long(size_t count);

  size_t size_ = 0;
  int64_t values_[kMaxRank];
};

/// Strides of a dense row-major tensor, in elements.
Dims row_major_strides(const Dims& dims);

/// `axis` counted from the end when negative; throws kInvalidArgument outside [-rank, rank).
int64_t normalize_axis(int64_t axis, int64_t rank);
/// Each of `axes` normalised; throws kInvalidArgument when one is out of range or named twice.
Dims normalize_axes(const Dims& axes, int64_t rank);

}  // namespace tessera::exec
