#include "strided_walk.hpp"

#include <fmt/format.h>

namespace tessera::exec {

Dims broadcast_dims(const Dims& a, const Dims& b) {
  const Dims& longer = a.size() >= b.size() ? a : b;
  const Dims& shorter = a.size() >= b.size() ? b : a;
  size_t lead = longer.size() - shorter.size();
  Dims result = longer;
  for (size_t i = 0; i < shorter.size(); ++i) {
    int64_t& dim = result[lead + i];
    if (dim == 1) {
      dim = shorter[i];
    } else if (shorter[i] != 1 && shorter[i] != dim) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("shapes {} and {} do not broadcast", a.text(), b.text()));
    }
  }
  return result;
}

Dims broadcast_strides(const Dims& dims, const Dims& as) {
  if (dims.size() > as.size() || broadcast_dims(dims, as) != as)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("shape {} does not broadcast to {}", dims.text(), as.text()));
  size_t lead = as.size() - dims.size();
  Dims strides = row_major_strides(dims);
  Dims result(as.size(), 0);
  for (size_t i = 0; i < dims.size(); ++i)
    if (dims[i] != 1) result[lead + i] = strides[i];
  return result;
}

}  // namespace tessera::exec
