#include "dims.hpp"

#include <fmt/format.h>

namespace tessera::exec {

int64_t Dims::product(size_t first, size_t last) const {
  // A zero anywhere makes the product zero, however large the others are.
  if (std::find(begin() + first, begin() + last, 0) != begin() + last) return 0;
  int64_t result = 1;
  for (size_t i = first; i < last; ++i) {
    if (__builtin_mul_overflow(result, values_[i], &result))
      throw Error(ErrorCode::kOutOfMemory, fmt::format("shape {} has more elements than memory has", text()));
  }
  return result;
}

std::string Dims::text() const {
  std::string out = "[";
  for (size_t i = 0; i < size_; ++i) out += fmt::format("{}{}", i ? ", " : "", values_[i]);
  return out + "]";
}

void Dims::too_long(size_t count) {
  throw Error(ErrorCode::kNotSupported,
              fmt::format("{} dimensions; at most {} are supported", count, kMaxRank));
}

Dims row_major_strides(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<int64_t>(dims[i], 1);
  return strides;
}

int64_t normalize_axis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("axis {} of a tensor with {} dimensions", axis, rank));
  return axis < 0 ? axis + rank : axis;
}

Dims normalize_axes(const Dims& axes, int64_t rank) {
  Dims result;
  for (int64_t axis : axes) {
    int64_t normal = normalize_axis(axis, rank);
    if (result.contains(normal))
      throw Error(ErrorCode::kInvalidArgument, fmt::format("axis {} is named twice", axis));
    result.push_back(normal);
  }
  return result;
}

}  // namespace tessera::exec
