// Joining and parting along an axis: Concat and Split.
#include <fmt/format.h>

#include "axis_view.hpp"
#include "concat_split.hpp"
#include "standard.hpp"

namespace tessera::exec {

Tensor concat(std::span<const Tensor> parts, int64_t axis, BufferPool* pool) {
  if (parts.empty()) throw Error(ErrorCode::kInvalidArgument, "nothing to concatenate");
  Dims dims = parts[0].dims();
  size_t at = static_cast<size_t>(normalize_axis(axis, dims.rank()));
  dims[at] = 0;
  for (const Tensor& part : parts) {
    Dims others = part.dims();
    if (others.size() == dims.size()) others[at] = dims[at];
    if (others != dims || part.dtype() != parts[0].dtype())
      throw Error(
          ErrorCode::kInvalidArgument,
          fmt::format("{} {} and {} {} do not concatenate along axis {}", dtype_name(parts[0].dtype()),
                      parts[0].dims().text(), dtype_name(part.dtype()), part.dims().text(), axis));
    dims[at] += part.dim(at);
  }
  Tensor out = Tensor::allocate(parts[0].dtype(), dims, pool);
  dispatch_moved(out.dtype(), [&](auto unit) {
    using U = decltype(unit);
    AxisView whole(dims, axis);
    int64_t offset = 0;
    for (const Tensor& part : parts) {
      int64_t run_length = part.dim(at) * whole.inner;
      for (int64_t o = 0; o < whole.outer; ++o)
        std::copy_n(part.units<U>() + o * run_length, run_length,
                    out.mutable_units<U>() + o * whole.length * whole.inner + offset);
      offset += run_length;
    }
  });
  return out;
}

Tensor slice_axis(const Tensor& x, int64_t axis, int64_t first, int64_t count, BufferPool* pool) {
  AxisView view(x.dims(), axis);
  Dims dims = x.dims();
  dims[static_cast<size_t>(normalize_axis(axis, x.rank()))] = count;
  Tensor out = Tensor::allocate(x.dtype(), dims, pool);
  dispatch_moved(x.dtype(), [&](auto unit) {
    using U = decltype(unit);
    for (int64_t o = 0; o < view.outer; ++o)
      std::copy_n(x.units<U>() + (o * view.length + first) * view.inner, count * view.inner,
                  out.mutable_units<U>() + o * count * view.inner);
  });
  return out;
}

std::vector<int64_t> split_sizes(int64_t length, size_t parts) {
  int64_t each = (length + static_cast<int64_t>(parts) - 1) / static_cast<int64_t>(parts);
  std::vector<int64_t> sizes;
  for (size_t i = 0; i < parts; ++i) {
    sizes.push_back(std::min(each, length));
    length -= sizes.back();
  }
  return sizes;
}

namespace {

Kernel compile_concat(NodeSpec& node) {
  node.expect_inputs(1);
  for (size_t i = 0; i < node.input_count(); ++i) node.accepts_unaligned(i);
  int64_t axis = node.get_int("axis");
  return [axis](Context& run) {
    std::vector<Tensor> parts;
    for (size_t i = 0; i < run.input_count(); ++i) parts.push_back(run.input(i));
    run.set_output(0, concat(parts, axis, &run.pool()));
  };
}

void split(Context& run, int64_t axis, std::vector<int64_t> sizes) {
  const Tensor& x = run.input(0);
  int64_t length = AxisView(x.dims(), axis).length;
  if (sizes.empty()) sizes = split_sizes(length, run.output_count());
  int64_t sum = 0;
  for (int64_t size : sizes) {
    if (size < 0 || __builtin_add_overflow(sum, size, &sum)) sum = -1;
    if (sum < 0) break;
  }
  if (sum != length || sizes.size() != run.output_count())
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} split sizes do not part {} elements into {} outputs", sizes.size(), length,
                            run.output_count()));
  int64_t first = 0;
  for (size_t i = 0; i < sizes.size(); ++i) {
    run.set_output(i, slice_axis(x, axis, first, sizes[i], &run.pool()));
    first += sizes[i];
  }
}

Kernel compile_split_2(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  int64_t axis = node.get_int("axis", 0);
  std::vector<int64_t> sizes = node.get_ints("split");
  return [axis, sizes](Context& run) { split(run, axis, sizes); };
}

Kernel compile_split(NodeSpec& node) {
  node.expect_inputs(1, 2);
  node.accepts_unaligned(0);
  int64_t axis = node.get_int("axis", 0);
  return [axis](Context& run) {
    std::vector<int64_t> sizes;
    if (run.has_input(1)) {
      const int64_t* given = run.input(1).data<int64_t>();
      sizes.assign(given, given + run.input(1).size());
    }
    split(run, axis, std::move(sizes));
  };
}

}  // namespace

void register_concat_split(KernelRegistry& registry) {
  registry.add("", "Concat", 4, compile_concat);
  registry.add("", "Split", 2, compile_split_2);
  registry.add("", "Split", 13, compile_split);
}

}  // namespace tessera::exec
