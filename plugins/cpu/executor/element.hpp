/// The C++ types of tensor elements, and the way from a run-time `DataType` to a type.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::exec {

using graph::DataType;
using graph::dtype_name;
using graph::element_size;

// NOLINTBEGIN(google-explicit-constructor): storage types; arithmetic is that of the type they convert to.

/// An ONNX boolean: a byte, true unless 0. (C++ `bool` may hold 0 and 1 only; bytes come from files.)
struct Bool {
  uint8_t value = 0;
  Bool() = default;
  constexpr Bool(bool b) : value(b) {}
  constexpr operator bool() const { return value != 0; }
};

/// IEEE binary16. A storage type: arithmetic happens in float.
struct Float16 {
  uint16_t bits = 0;
  Float16() = default;
  explicit Float16(float value);  ///< rounds to nearest, ties to even; overflow gives infinity
  operator float() const;
};

/// The upper half of a float. A storage type: arithmetic happens in float.
struct BFloat16 {
  uint16_t bits = 0;
  BFloat16() = default;
  explicit BFloat16(float value) {  // rounds to nearest, ties to even
    uint32_t u;
    std::memcpy(&u, &value, 4);
    bits = value != value ? static_cast<uint16_t>(u >> 16 | 0x40)
                          : static_cast<uint16_t>((u + 0x7fff + (u >> 16 & 1)) >> 16);
  }
  operator float() const {
    uint32_t u = static_cast<uint32_t>(bits) << 16;
    float value;
    std::memcpy(&value, &u, 4);
    return value;
  }
};
// NOLINTEND(google-explicit-constructor)

inline Float16::operator float() const {
  // Exponent moved from bias 15 to bias 127 by a multiplication, which also normalises denormals.
  uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  uint32_t rest = static_cast<uint32_t>(bits & 0x7fff) << 13;
  float value;
  if (rest >= 0x0f800000u) {  // infinity, NaN
    uint32_t u = sign | 0x7f800000u | (rest & 0x7fffffu);
    std::memcpy(&value, &u, 4);
    return value;
  }
  std::memcpy(&value, &rest, 4);
  value *= 0x1p112f;
  uint32_t u;
  std::memcpy(&u, &value, 4);
  u |= sign;
  std::memcpy(&value, &u, 4);
  return value;
}

inline Float16::Float16(float value) {
  uint32_t u;
  std::memcpy(&u, &value, 4);
  uint32_t sign = u >> 16 & 0x8000;
  u &= 0x7fffffffu;
  if (u > 0x7f800000u) {  // NaN stays NaN
    bits = static_cast<uint16_t>(sign | 0x7e00 | (u >> 13 & 0x3ff));
  } else if (u >= 0x477ff000u) {  // rounds to 65536 or more
    bits = static_cast<uint16_t>(sign | 0x7c00);
  } else if (u < 0x38800000u) {  // denormal or zero: adding 0.5 leaves the rounded mantissa in the low bits
    float magnitude;
    std::memcpy(&magnitude, &u, 4);
    magnitude += 0.5f;
    std::memcpy(&u, &magnitude, 4);
    bits = static_cast<uint16_t>(sign | (u - 0x3f000000u));
  } else {
    u += 0xfff + (u >> 13 & 1);
    bits = static_cast<uint16_t>(sign | (u - 0x38000000u) >> 13);
  }
}

/// The `DataType` of a C++ element type.
template <class T>
constexpr DataType data_type_of() {
  if constexpr (std::is_same_v<T, float>) return DataType::kFloat;
  if constexpr (std::is_same_v<T, double>) return DataType::kDouble;
  if constexpr (std::is_same_v<T, uint8_t>) return DataType::kUint8;
  if constexpr (std::is_same_v<T, int8_t>) return DataType::kInt8;
  if constexpr (std::is_same_v<T, uint16_t>) return DataType::kUint16;
  if constexpr (std::is_same_v<T, int16_t>) return DataType::kInt16;
  if constexpr (std::is_same_v<T, uint32_t>) return DataType::kUint32;
  if constexpr (std::is_same_v<T, int32_t>) return DataType::kInt32;
  if constexpr (std::is_same_v<T, uint64_t>) return DataType::kUint64;
  if constexpr (std::is_same_v<T, int64_t>) return DataType::kInt64;
  if constexpr (std::is_same_v<T, Bool>) return DataType::kBool;
  if constexpr (std::is_same_v<T, Float16>) return DataType::kFloat16;
  if constexpr (std::is_same_v<T, BFloat16>) return DataType::kBfloat16;
  if constexpr (std::is_same_v<T, std::complex<float>>) return DataType::kComplex64;
  if constexpr (std::is_same_v<T, std::complex<double>>) return DataType::kComplex128;
  if constexpr (std::is_same_v<T, std::string>) return DataType::kString;
  return DataType::kUndefined;
}

[[noreturn]] void throw_unsupported_dtype(DataType dtype);

inline bool is_half(DataType dtype) {
  return dtype == DataType::kFloat16 || dtype == DataType::kBfloat16;
}
inline bool is_floating(DataType dtype) {
  return dtype == DataType::kFloat || dtype == DataType::kDouble || is_half(dtype);
}

/// Calls `f(T())` with the C++ type of `dtype` when it is one of `Types`; throws kNotSupported otherwise.
template <class... Types, class F>
void dispatch(DataType dtype, F&& f) {
  bool known = ((data_type_of<Types>() == dtype ? (f(Types()), true) : false) || ...);
  if (!known) throw_unsupported_dtype(dtype);
}

template <class F>
void dispatch_float(DataType dtype, F&& f) {
  dispatch<float, double>(dtype, f);
}
template <class F>
void dispatch_integer(DataType dtype, F&& f) {
  dispatch<int64_t, int32_t, uint8_t, int8_t, uint16_t, int16_t, uint32_t, uint64_t>(dtype, f);
}
/// Numbers but the half types, which kernels widen to float first (see `widen_half`).
template <class F>
void dispatch_number(DataType dtype, F&& f) {
  dispatch<float, int64_t, int32_t, double, uint8_t, int8_t, uint16_t, int16_t, uint32_t, uint64_t>(dtype, f);
}

/// An element of N bytes that is only moved. Aligned to 1 and made of bytes, so that it may lie anywhere and
/// alias any type.
template <size_t N>
struct Unit {
  std::byte bytes[N];
};
/// For kernels that only move elements: calls `f` with a Unit of the element's size, or with a std::string,
/// so that six instantiations serve all dtypes. The elements are at `Tensor::units`.
template <class F>
void dispatch_moved(DataType dtype, F&& f) {
  if (dtype == DataType::kString) return f(std::string());
  switch (element_size(dtype)) {
    case 1:
      return f(Unit<1>());
    case 2:
      return f(Unit<2>());
    case 4:
      return f(Unit<4>());
    case 8:
      return f(Unit<8>());
    case 16:
      return f(Unit<16>());
    default:
      throw_unsupported_dtype(dtype);
  }
}

}  // namespace tessera::exec
