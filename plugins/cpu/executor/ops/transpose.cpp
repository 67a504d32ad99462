// Operators that permute dimensions: Transpose, DepthToSpace, SpaceToDepth.
#include <fmt/format.h>

#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

// A matrix transposed in tiles, so that both sides stay in the cache: weights are transposed this way.
template <class U>
void transpose_matrix(const U* x, U* y, int64_t rows, int64_t columns) {
  constexpr int64_t kTile = 32;
  for (int64_t r0 = 0; r0 < rows; r0 += kTile)
    for (int64_t c0 = 0; c0 < columns; c0 += kTile)
      for (int64_t c = c0; c < std::min(c0 + kTile, columns); ++c)
        for (int64_t r = r0; r < std::min(r0 + kTile, rows); ++r) y[c * rows + r] = x[r * columns + c];
}

void permute(Context& run, const Tensor& x, const Dims& permutation, Tensor& y) {
  dispatch_moved(x.dtype(), [&](auto unit) {
    using U = decltype(unit);
    const U* from = x.units<U>();
    U* to = y.mutable_units<U>();
    if (x.rank() == 2 && permutation[0] == 1) return transpose_matrix(from, to, x.dim(0), x.dim(1));
    Dims from_strides = row_major_strides(x.dims());
    Dims dims, strides;
    for (int64_t axis : permutation) {
      dims.push_back(x.dim(axis));
      strides.push_back(from_strides[axis]);
    }
    StridedWalk<2> walk(dims, {strides, row_major_strides(dims)});
    walk.for_each_row([&](const auto& offset) {
      const U* source = from + offset[0];
      U* target = to + offset[1];
      int64_t stride = walk.row_stride(0);
      if (stride == 1) {
        std::copy_n(source, walk.row_length(), target);
      } else {
        for (int64_t i = 0; i < walk.row_length(); ++i) target[i] = source[i * stride];
      }
    });
    run.check_cancelled();
  });
}

Dims permuted(const Dims& dims, const Dims& permutation) {
  Dims result;
  for (int64_t axis : permutation) result.push_back(dims[axis]);
  return result;
}

Kernel compile_transpose(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  Dims given = node.get_ints("perm");
  bool reverse = !node.has_attribute("perm");
  return [given, reverse](Context& run) {
    const Tensor& x = run.input(0);
    Dims permutation = given;
    if (reverse)
      for (int64_t i = x.rank(); i-- > 0;) permutation.push_back(i);
    if (permutation.rank() != x.rank())
      throw Error(ErrorCode::kInvalidArgument, fmt::format("'perm' {} does not permute the dimensions of {}",
                                                           given.text(), x.dims().text()));
    permutation = normalize_axes(permutation, x.rank());
    permute(run, x, permutation, run.output(0, x.dtype(), permuted(x.dims(), permutation)));
  };
}

void check_image(const Tensor& x) {
  if (x.rank() != 4)
    throw Error(ErrorCode::kInvalidArgument, "the input must be [batch, channels, height, width]");
}

// Channels hold blocks of pixels: DCR block-major (first split of the channels), CRD channel-major.
Kernel compile_depth_to_space(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t block = node.get_int("blocksize");
  bool channel_major = node.get_string("mode", "DCR") == "CRD";
  if (block < 1) node.fail("'blocksize' must be positive");
  return [block, channel_major](Context& run) {
    const Tensor& x = run.input(0);
    check_image(x);
    if (x.dim(1) % (block * block) != 0)
      throw Error(ErrorCode::kInvalidArgument, "the channels are no multiple of blocksize squared");
    int64_t depth = x.dim(1) / (block * block);
    Tensor& y = run.output(0, x.dtype(), {x.dim(0), depth, x.dim(2) * block, x.dim(3) * block});
    if (channel_major) {
      Tensor view = x.reshaped({x.dim(0), depth, block, block, x.dim(2), x.dim(3)});
      permute(run, view, {0, 1, 4, 2, 5, 3}, y);
    } else {
      Tensor view = x.reshaped({x.dim(0), block, block, depth, x.dim(2), x.dim(3)});
      permute(run, view, {0, 3, 4, 1, 5, 2}, y);
    }
  };
}

Kernel compile_space_to_depth(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t block = node.get_int("blocksize");
  if (block < 1) node.fail("'blocksize' must be positive");
  return [block](Context& run) {
    const Tensor& x = run.input(0);
    check_image(x);
    if (x.dim(2) % block != 0 || x.dim(3) % block != 0)
      throw Error(ErrorCode::kInvalidArgument, "height and width are no multiples of blocksize");
    int64_t height = x.dim(2) / block;
    int64_t width = x.dim(3) / block;
    Tensor& y = run.output(0, x.dtype(), {x.dim(0), x.dim(1) * block * block, height, width});
    permute(run, x.reshaped({x.dim(0), x.dim(1), height, block, width, block}), {0, 3, 5, 1, 2, 4}, y);
  };
}

}  // namespace

void register_transpose(KernelRegistry& registry) {
  registry.add("", "Transpose", 1, compile_transpose);
  registry.add("", "DepthToSpace", 1, compile_depth_to_space);
  registry.add("", "SpaceToDepth", 1, compile_space_to_depth);
}

}  // namespace tessera::exec
