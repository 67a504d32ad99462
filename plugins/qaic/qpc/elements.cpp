#include "elements.hpp"

#include <bit>
#include <cstring>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

using graph::DataType;

template <typename From, typename To, typename Convert>
void convert_each(const void* source, void* target, size_t count, Convert convert) {
  const auto* from = static_cast<const char*>(source);
  auto* to = static_cast<char*>(target);
  for (size_t i = 0; i < count; ++i) {
    From value;
    std::memcpy(&value, from + i * sizeof value, sizeof value);
    const To converted = convert(value);
    std::memcpy(to + i * sizeof converted, &converted, sizeof converted);
  }
}

int32_t narrow(int64_t value) {
  if (value >= INT32_MIN && value <= INT32_MAX) return static_cast<int32_t>(value);
  throw Error(ErrorCode::kInvalidArgument, "the value " + std::to_string(value) + " has no room in int32");
}

bool same_bytes(DataType from, DataType to) {
  const auto byte = [](DataType type) { return type == DataType::kBool || type == DataType::kInt8; };
  return from == to || (byte(from) && byte(to));
}

}  // namespace

uint16_t half_from_float(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= 0x47800000) return static_cast<uint16_t>(sign | 0x7c00);  // 65536 and more
  if (magnitude < 0x38800000) {                                              // below 2^-14: subnormal
    // Adding 0.5 lines the mantissa up at 2^-24, and the float unit rounds to even.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000));
  }
  const uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000;
  return static_cast<uint16_t>(sign | rounded >> 13);
}

float float_from_half(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
  const uint32_t magnitude = bits & 0x7fff;
  if (magnitude >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | (magnitude & 0x3ff) << 13);
  if (magnitude >= 0x400) return std::bit_cast<float>(sign | ((magnitude << 13) + 0x38000000));
  const float subnormal = static_cast<float>(magnitude) * 0x1p-24f;
  return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(subnormal));
}

std::optional<IoDataType> io_data_type_of(DataType dtype) {
  switch (dtype) {
    case DataType::kFloat:
      return IoDataType::kFloat;
    case DataType::kFloat16:
      return IoDataType::kFloat16;
    case DataType::kInt64:
      return IoDataType::kInt64;
    case DataType::kInt32:
      return IoDataType::kInt32;
    case DataType::kInt8:
    case DataType::kBool:
      return IoDataType::kInt8;
    case DataType::kBfloat16:
      return IoDataType::kBfloat16;
    default:
      return std::nullopt;
  }
}

std::optional<DataType> dtype_of(IoDataType type) {
  switch (type) {
    case IoDataType::kFloat:
      return DataType::kFloat;
    case IoDataType::kFloat16:
      return DataType::kFloat16;
    case IoDataType::kInt32:
      return DataType::kInt32;
    case IoDataType::kInt64:
      return DataType::kInt64;
    case IoDataType::kInt8:
      return DataType::kInt8;
    case IoDataType::kBfloat16:
      return DataType::kBfloat16;
    default:
      return std::nullopt;
  }
}

bool can_convert(DataType from, DataType to) {
  const auto both = [&](DataType a, DataType b) { return (from == a && to == b) || (from == b && to == a); };
  return same_bytes(from, to) || both(DataType::kFloat, DataType::kFloat16) ||
         both(DataType::kInt64, DataType::kInt32);
}

void convert_elements(DataType from, const void* source, DataType to, void* target, size_t count) {
  if (count == 0) return;
  if (same_bytes(from, to)) {
    std::memcpy(target, source, count * graph::element_size(from));
  } else if (from == DataType::kFloat && to == DataType::kFloat16) {
    convert_each<float, uint16_t>(source, target, count, half_from_float);
  } else if (from == DataType::kFloat16 && to == DataType::kFloat) {
    convert_each<uint16_t, float>(source, target, count, float_from_half);
  } else if (from == DataType::kInt64 && to == DataType::kInt32) {
    convert_each<int64_t, int32_t>(source, target, count, narrow);
  } else if (from == DataType::kInt32 && to == DataType::kInt64) {
    convert_each<int32_t, int64_t>(source, target, count, [](int32_t value) { return int64_t{value}; });
  } else {
    throw Error(ErrorCode::kInternal, "no way from " + std::string(graph::dtype_name(from)) + " to " +
                                          std::string(graph::dtype_name(to)));
  }
}

}  // namespace tessera::qaic
