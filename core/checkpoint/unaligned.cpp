#include "core/checkpoint/unaligned.hpp"

#include <fmt/format.h>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

float from_bits(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

float from_bf16(uint16_t half) {
  return from_bits(static_cast<uint32_t>(half) << 16);
}

float from_f16(uint16_t half) {
  uint32_t sign = static_cast<uint32_t>(half & 0x8000u) << 16;
  uint32_t exponent = (half >> 10) & 0x1fu;
  uint32_t mantissa = half & 0x3ffu;
  if (exponent == 0x1f) return from_bits(sign | 0x7f800000u | (mantissa << 13));
  if (exponent != 0) return from_bits(sign | ((exponent + 112) << 23) | (mantissa << 13));
  // Subnormal: mantissa * 2^-24, which float holds exactly.
  float value = static_cast<float>(mantissa) * from_bits(103u << 23);
  return sign != 0 ? -value : value;
}

template <typename T, typename Widen>
void widen(std::span<const std::byte> data, std::span<float> out, Widen to_float) {
  for (size_t i = 0; i < out.size(); ++i) out[i] = to_float(load_unaligned<T>(data.data(), i));
}

template <typename T>
void widen(std::span<const std::byte> data, std::span<float> out) {
  widen<T>(data, out, [](T value) { return static_cast<float>(value); });
}

}  // namespace

void widen_to_float(DType dtype, std::span<const std::byte> data, std::span<float> out) {
  if (data.size() != out.size() * dtype_size(dtype)) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("{} bytes of {} are not {} elements", data.size(),
                                                         dtype_name(dtype), out.size()));
  }
  switch (dtype) {
    case DType::kBool:
      return widen<uint8_t>(data, out, [](uint8_t b) { return b != 0 ? 1.0f : 0.0f; });
    case DType::kU8:
      return widen<uint8_t>(data, out);
    case DType::kI8:
      return widen<int8_t>(data, out);
    case DType::kI16:
      return widen<int16_t>(data, out);
    case DType::kU16:
      return widen<uint16_t>(data, out);
    case DType::kF16:
      return widen<uint16_t>(data, out, from_f16);
    case DType::kBF16:
      return widen<uint16_t>(data, out, from_bf16);
    case DType::kI32:
      return widen<int32_t>(data, out);
    case DType::kU32:
      return widen<uint32_t>(data, out);
    case DType::kF32:
      return widen<float>(data, out);
    case DType::kF64:
      return widen<double>(data, out);
    case DType::kI64:
      return widen<int64_t>(data, out);
    case DType::kU64:
      return widen<uint64_t>(data, out);
    case DType::kF8E5M2:
    case DType::kF8E4M3:
      break;
  }
  throw Error(ErrorCode::kNotSupported,
              fmt::format("elements of type {} cannot be read yet", dtype_name(dtype)));
}

}  // namespace tessera
