/// Elements of tensors in files. A tensor may begin at any byte, so its memory is never read through a typed
/// pointer.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>

#include "core/checkpoint/dtype.hpp"

namespace tessera {

/// Element `index` of packed little-endian `T`s that begin at any address. The caller has checked the range.
template <typename T>
T load_unaligned(const std::byte* first, size_t index = 0) {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_same_v<T, bool>,
                "a stored BOOL may hold any byte");
  T value;
  std::memcpy(&value, first + index * sizeof(T), sizeof(T));
  return value;
}

/// Widens every element of `data` (whole elements of `dtype`) to float: exact for F16, BF16, F32 and the 8-
/// and 16-bit integers, rounded to nearest for the wider types. Throws Error kInvalidArgument when the sizes
/// do not agree and kNotSupported for the 8-bit floats. Any thread.
void widen_to_float(DType dtype, std::span<const std::byte> data, std::span<float> out);

}  // namespace tessera
