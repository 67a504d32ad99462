#include "element.hpp"

#include <fmt/format.h>

namespace tessera::exec {
namespace {

struct Entry {
  const char* name;
  size_t bytes;
};

Entry entry(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
      return {"float32", 4};
    case DataType::kUint8:
      return {"uint8", 1};
    case DataType::kInt8:
      return {"int8", 1};
    case DataType::kUint16:
      return {"uint16", 2};
    case DataType::kInt16:
      return {"int16", 2};
    case DataType::kInt32:
      return {"int32", 4};
    case DataType::kInt64:
      return {"int64", 8};
    case DataType::kString:
      return {"string", 0};
    case DataType::kBool:
      return {"bool", 1};
    case DataType::kFloat16:
      return {"float16", 2};
    case DataType::kDouble:
      return {"float64", 8};
    case DataType::kUint32:
      return {"uint32", 4};
    case DataType::kUint64:
      return {"uint64", 8};
    case DataType::kComplex64:
      return {"complex64", 8};
    case DataType::kComplex128:
      return {"complex128", 16};
    case DataType::kBfloat16:
      return {"bfloat16", 2};
    case DataType::kUndefined:
      break;
  }
  return {"unknown", 0};
}

}  // namespace

size_t element_bytes(DataType dtype) {
  return entry(dtype).bytes;
}

const char* dtype_name(DataType dtype) {
  return entry(dtype).name;
}

void throw_unsupported_dtype(DataType dtype) {
  throw Error(ErrorCode::kNotSupported,
              fmt::format("element type {} is not supported here", dtype_name(dtype)));
}

}  // namespace tessera::exec
