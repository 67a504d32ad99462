/// Integer arithmetic without undefined behaviour: what overflows wraps, a division by zero is an error.
#pragma once

#include <type_traits>

#include "tessera/sdk/error.hpp"

namespace tessera::exec {

/// Wide enough that neither promotion to int nor overflow is signed.
template <class T>
using Wrapping = std::common_type_t<std::make_unsigned_t<T>, unsigned>;

template <class T>
T wrapping_add(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) + static_cast<Wrapping<T>>(b));
}
template <class T>
T wrapping_subtract(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) - static_cast<Wrapping<T>>(b));
}
template <class T>
T wrapping_multiply(T a, T b) {
  return static_cast<T>(static_cast<Wrapping<T>>(a) * static_cast<Wrapping<T>>(b));
}

/// Truncates towards zero, as ONNX and C do. The least value divided by -1 wraps (the processor would trap).
template <class T>
T checked_divide(T a, T b) {
  if (b == 0) throw Error(ErrorCode::kInvalidArgument, "an integer is divided by zero");
  if constexpr (std::is_signed_v<T>)
    if (b == T(-1)) return wrapping_subtract(T(0), a);
  return static_cast<T>(a / b);
}

/// The remainder that has the sign of `a`, as C's %.
template <class T>
T checked_remainder(T a, T b) {
  if (b == 0) throw Error(ErrorCode::kInvalidArgument, "an integer is divided by zero");
  if constexpr (std::is_signed_v<T>)
    if (b == T(-1)) return 0;
  return static_cast<T>(a % b);
}

}  // namespace tessera::exec
