/// Element types of bindings: the numbers of QAicBufferDataTypeEnum, shared by network descriptor and IoDesc.
#pragma once

#include <cstdint>
#include <string>

namespace tessera::qaic {

enum class IoDataType : int32_t {
  kFloat = 0,
  kFloat16 = 1,
  kInt8Q = 2,
  kUint8Q = 3,
  kInt16Q = 4,
  kInt32Q = 5,
  kInt32 = 6,
  kInt64 = 7,
  kInt8 = 8,       ///< bool too
  kBfloat16 = 11,  ///< uncertain: the number that public programs fall back to
};

/// Bytes of an element; 0 for a number that this table does not know.
constexpr uint32_t element_bytes(IoDataType type) {
  switch (type) {
    case IoDataType::kFloat:
    case IoDataType::kInt32Q:
    case IoDataType::kInt32:
      return 4;
    case IoDataType::kFloat16:
    case IoDataType::kInt16Q:
    case IoDataType::kBfloat16:
      return 2;
    case IoDataType::kInt8Q:
    case IoDataType::kUint8Q:
    case IoDataType::kInt8:
      return 1;
    case IoDataType::kInt64:
      return 8;
  }
  return 0;
}

/// "float16", "int8q"; "type 17" for an unknown number.
std::string io_data_type_name(IoDataType type);

}  // namespace tessera::qaic
