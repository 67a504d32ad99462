/// Element types of checkpoints, by the names of safetensors.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "tessera/sdk/graph.hpp"

namespace tessera {

/// The types this program reads. All are little-endian and at least one byte wide; the types of newer
/// safetensors (F4, F6_*, F8_E8M0, C64) are refused by name.
enum class DType : uint8_t {
  kBool,  ///< one byte; 0 is false
  kU8,
  kI8,
  kF8E5M2,  ///< arXiv:2209.05433; no ONNX type in opset 17
  kF8E4M3,  ///< arXiv:2209.05433; no ONNX type in opset 17
  kI16,
  kU16,
  kF16,   ///< IEEE 754 binary16
  kBF16,  ///< the upper half of binary32
  kI32,
  kU32,
  kF32,
  kF64,
  kI64,
  kU64,
};

/// Bytes of one element: 1, 2, 4 or 8.
uint64_t dtype_size(DType dtype);

/// The name in a safetensors header: "BF16".
std::string_view dtype_name(DType dtype);

/// The type of a name, exactly as the format spells it; nothing for other names.
std::optional<DType> find_dtype(std::string_view name);

/// All names, comma-separated, for messages.
std::string_view dtype_names();

/// The TensorProto.DataType of the type; kUndefined for the 8-bit floats.
graph::DataType onnx_data_type(DType dtype);

/// The way back; nothing for types that safetensors lacks (strings, complex numbers).
std::optional<DType> dtype_from_onnx(graph::DataType type);

}  // namespace tessera
