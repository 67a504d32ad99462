/// Sizes and names of element types.
#pragma once

#include <cstddef>
#include <string_view>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// Bytes of one element; 0 for kString and kUndefined, whose elements have no fixed size.
inline size_t element_size(DataType dtype) {
  switch (dtype) {
    case DataType::kUint8:
    case DataType::kInt8:
    case DataType::kBool:
      return 1;
    case DataType::kUint16:
    case DataType::kInt16:
    case DataType::kFloat16:
    case DataType::kBfloat16:
      return 2;
    case DataType::kFloat:
    case DataType::kInt32:
    case DataType::kUint32:
      return 4;
    case DataType::kInt64:
    case DataType::kDouble:
    case DataType::kUint64:
    case DataType::kComplex64:
      return 8;
    case DataType::kComplex128:
      return 16;
    case DataType::kUndefined:
    case DataType::kString:
      break;
  }
  return 0;
}

/// ONNX's name in lower case ("float", "bfloat16"); "undefined" for a number that is no element type.
inline std::string_view dtype_name(DataType dtype) {
  constexpr std::string_view kNames[] = {
      "undefined", "float",   "uint8",  "int8",   "uint16", "int16",     "int32",      "int64",   "string",
      "bool",      "float16", "double", "uint32", "uint64", "complex64", "complex128", "bfloat16"};
  const auto index = static_cast<size_t>(dtype);
  return index < sizeof(kNames) / sizeof(kNames[0]) ? kNames[index] : kNames[0];
}

}  // namespace tessera::graph
