#include "io_data_type.hpp"

namespace tessera::qaic {

std::string io_data_type_name(IoDataType type) {
  switch (type) {
    case IoDataType::kFloat:
      return "float32";
    case IoDataType::kFloat16:
      return "float16";
    case IoDataType::kInt8Q:
      return "int8q";
    case IoDataType::kUint8Q:
      return "uint8q";
    case IoDataType::kInt16Q:
      return "int16q";
    case IoDataType::kInt32Q:
      return "int32q";
    case IoDataType::kInt32:
      return "int32";
    case IoDataType::kInt64:
      return "int64";
    case IoDataType::kInt8:
      return "int8";
    case IoDataType::kBfloat16:
      return "bfloat16";
  }
  return "type " + std::to_string(static_cast<int32_t>(type));
}

}  // namespace tessera::qaic
