// Repetition and generation of elements: Expand, Tile, Range, Trilu.
#include <fmt/format.h>

#include <cmath>

#include "cast.hpp"
#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

// Copies into `out`, walking `x` by strides of its own.
void copy_strided(const Tensor& x, Tensor& out, const StridedWalk<2>& walk) {
  dispatch_moved(x.dtype(), [&](auto unit) {
    using U = decltype(unit);
    const U* from = x.units<U>();
    U* to = out.mutable_units<U>();
    walk.for_each_row([&](const auto& offset) {
      if (walk.row_stride(0) == 0) {
        std::fill_n(to + offset[1], walk.row_length(), from[offset[0]]);
      } else {
        std::copy_n(from + offset[0], walk.row_length(), to + offset[1]);
      }
    });
  });
}

Kernel compile_expand(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  return [](Context& run) {
    const Tensor& x = run.input(0);
    Dims dims = broadcast_dims(x.dims(), read_dims(run.input(1)));
    Tensor& out = run.output(0, x.dtype(), dims);
    copy_strided(x, out, StridedWalk<2>(dims, {broadcast_strides(x.dims(), dims), row_major_strides(dims)}));
  };
}

// Tiling is broadcasting: [r0, d0, r1, d1, ...] <- [1, d0, 1, d1, ...].
void tile(Context& run, const Dims& repeats) {
  const Tensor& x = run.input(0);
  if (repeats.size() != x.dims().size())
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} repeats for {}", repeats.size(), x.dims().text()));
  Dims strides = row_major_strides(x.dims());
  Dims dims, blocks, block_strides;
  for (size_t i = 0; i < repeats.size(); ++i) {
    if (repeats[i] < 0) throw Error(ErrorCode::kInvalidArgument, "a negative number of repeats");
    dims.push_back(Dims{repeats[i], x.dim(i)}.product());
    if (repeats[i] != 1) {
      blocks.push_back(repeats[i]);
      block_strides.push_back(0);
    }
    blocks.push_back(x.dim(i));
    block_strides.push_back(strides[i]);
  }
  Tensor& out = run.output(0, x.dtype(), dims);
  copy_strided(x, out, StridedWalk<2>(blocks, {block_strides, row_major_strides(blocks)}));
}

Kernel compile_tile(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  return [](Context& run) { tile(run, read_dims(run.input(1))); };
}

template <class T>
void fill_range(Context& run) {
  T start = *run.input(0).data<T>();
  T limit = *run.input(1).data<T>();
  T delta = *run.input(2).data<T>();
  if (delta == 0) throw Error(ErrorCode::kInvalidArgument, "a range with step 0");
  double length =
      std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(delta));
  if (!(length < 9e15)) throw Error(ErrorCode::kOutOfMemory, "the range has no end");
  int64_t count = length > 0 ? static_cast<int64_t>(length) : 0;
  T* out = run.output(0, data_type_of<T>(), {count}).template mutable_data<T>();
  for (int64_t i = 0; i < count; ++i) out[i] = static_cast<T>(start + static_cast<T>(i) * delta);
}

Kernel compile_range(NodeSpec& node) {
  node.expect_inputs(3, 3);
  return [](Context& run) {
    for (size_t i = 0; i < 3; ++i)
      if (run.input(i).size() != 1)
        throw Error(ErrorCode::kInvalidArgument, "start, limit and delta must be scalars");
    dispatch<float, double, int16_t, int32_t, int64_t>(run.input(0).dtype(),
                                                       [&](auto type) { fill_range<decltype(type)>(run); });
  };
}

Kernel compile_trilu(NodeSpec& node) {
  node.expect_inputs(1, 2);
  bool upper = node.get_int("upper", 1);
  return [upper](Context& run) {
    const Tensor& x = run.input(0);
    if (x.rank() < 2) throw Error(ErrorCode::kInvalidArgument, "a matrix is expected");
    int64_t rows = x.dim(x.rank() - 2);
    int64_t columns = x.dim(x.rank() - 1);
    // The least column (of the upper part) or the end (of the lower part) in row r is r + k.
    int64_t k = run.has_input(1) ? read_integer(run.input(1)) : 0;
    k = std::clamp(k, -rows, columns);
    int64_t matrices = x.dims().product(0, x.dims().size() - 2);
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch_moved(x.dtype(), [&](auto unit) {
      using U = decltype(unit);
      const U* from = x.units<U>();
      U* to = out.mutable_units<U>();
      for (int64_t row = 0; row < matrices * rows; ++row, from += columns, to += columns) {
        int64_t first = std::clamp<int64_t>(row % rows + k + (upper ? 0 : 1), 0, columns);
        std::fill_n(to, columns, U{});
        if (upper) {
          std::copy(from + first, from + columns, to + first);
        } else {
          std::copy(from, from + first, to);
        }
      }
    });
  };
}

}  // namespace

void register_expand(KernelRegistry& registry) {
  registry.add("", "Expand", 8, compile_expand);
  registry.add("", "Tile", 6, compile_tile);
  registry.add("", "Range", 11, compile_range);
  registry.add("", "Trilu", 14, compile_trilu);
}

}  // namespace tessera::exec
