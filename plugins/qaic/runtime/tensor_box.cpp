#include "tensor_box.hpp"

#include <fmt/format.h>

#include "plugins/qaic/qpc/elements.hpp"
#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic {
namespace {

void check_target(const CompiledTensor& source, const sdk::TensorView& target, int64_t to) {
  const auto refuse = [&](std::string message) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("output '{}' {}", source.name, message))
        .key(source.name);
  };
  if (target.rank() != source.dims.size() || target.rank() < 1 || to >= target.dim(0))
    refuse("does not have the rank or the rows of this call");
  int64_t count = 1;
  for (uint64_t i = 0; i < target.rank(); ++i) {
    if (i > 0 && (target.dim(i) < 1 || target.dim(i) > source.dims[i]))
      refuse(fmt::format("has {} of axis {}, the program gives {}", target.dim(i), i, source.dims[i]));
    if (target.dim(i) < 0 || __builtin_mul_overflow(count, target.dim(i), &count))
      refuse("has no possible size");
  }
  if (!can_convert(source.dtype, target.dtype()))
    refuse(fmt::format("is {}, which {} does not become", graph::dtype_name(source.dtype),
                       graph::dtype_name(target.dtype())));
  if (target.bytes() != static_cast<uint64_t>(count) * graph::element_size(target.dtype()))
    refuse("has not the bytes of its shape");
}

}  // namespace

int64_t element_count(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (const int64_t dim : dims) count *= dim;
  return count;
}

void copy_row(const CompiledTensor& source, int64_t from, const sdk::TensorView& target, int64_t to) {
  check_target(source, target, to);
  const size_t rank = source.dims.size();
  // Runs of the last axis, counted through the axes between it and the rows.
  const int64_t length = rank > 1 ? target.dim(rank - 1) : 1;
  int64_t runs = 1;
  for (size_t i = 1; i + 1 < rank; ++i) runs *= target.dim(i);
  const size_t source_bytes = graph::element_size(source.dtype),
               target_bytes = graph::element_size(target.dtype());
  for (int64_t run = 0; run < runs; ++run) {
    int64_t rest = run, source_index = 0, target_index = 0, source_stride = 1, target_stride = 1;
    for (size_t i = rank - 1; i-- > 1;) {
      source_stride *= i + 2 == rank ? 1 : source.dims[i + 1];
      target_stride *= i + 2 == rank ? 1 : target.dim(i + 1);
      source_index += rest % target.dim(i) * source_stride;
      target_index += rest % target.dim(i) * target_stride;
      rest /= target.dim(i);
    }
    const int64_t source_row = element_count(source.dims) / source.dims[0];
    int64_t target_row = 1;
    for (size_t i = 1; i < rank; ++i) target_row *= target.dim(i);
    const int64_t source_length = rank > 1 ? source.dims[rank - 1] : 1;
    convert_elements(
        source.dtype,
        source.data + static_cast<size_t>(from * source_row + source_index * source_length) * source_bytes,
        target.dtype(),
        target.as<uint8_t>() + static_cast<size_t>(to * target_row + target_index * length) * target_bytes,
        static_cast<size_t>(length));
  }
}

}  // namespace tessera::qaic
