// Operators on shapes, which move no element: Shape, Size, Reshape, Flatten, Squeeze, Unsqueeze.
#include <fmt/format.h>

#include "standard.hpp"

namespace tessera::exec {
namespace {

int64_t clamp_position(int64_t position, int64_t rank) {
  if (position < 0) position += rank;
  return std::clamp<int64_t>(position, 0, rank);
}

Kernel compile_shape(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  int64_t start = node.get_int("start", 0);
  int64_t end = node.get_int("end", INT64_MAX);
  return [start, end](Context& run) {
    const Dims& dims = run.input(0).dims();
    int64_t first = clamp_position(start, dims.rank());
    int64_t last = std::max(first, clamp_position(end, dims.rank()));
    int64_t* out = run.output(0, DataType::kInt64, {last - first}).mutable_data<int64_t>();
    std::copy(dims.begin() + first, dims.begin() + last, out);
  };
}

Kernel compile_size(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  return [](Context& run) {
    *run.output(0, DataType::kInt64, {}).mutable_data<int64_t>() = run.input(0).size();
  };
}

// 0 keeps the input's dimension (unless `allow_zero`), one -1 takes what is left.
Dims resolve_shape(const Dims& from, Dims wanted, bool allow_zero) {
  size_t open = wanted.size();
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] == 0 && !allow_zero) {
      if (i >= from.size())
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("shape {} keeps dimension {} of {}", wanted.text(), i, from.text()));
      wanted[i] = from[i];
    } else if (wanted[i] == -1 && open == wanted.size()) {
      open = i;
    } else if (wanted[i] < 0) {
      throw Error(ErrorCode::kInvalidArgument, fmt::format("shape {} is no shape", wanted.text()));
    }
  }
  int64_t size = from.product();
  Dims result = wanted;
  if (open < wanted.size()) {
    result[open] = 1;
    int64_t known = result.product();
    result[open] = known == 0 ? 0 : size / known;
  }
  if (result.product() != size)
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} cannot take the shape {}", from.text(), wanted.text()));
  return result;
}

Kernel compile_reshape(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  bool allow_zero = node.get_int("allowzero", 0);
  return [allow_zero](Context& run) {
    const Tensor& x = run.input(0);
    run.set_output(0, x.reshaped(resolve_shape(x.dims(), read_dims(run.input(1)), allow_zero)));
  };
}

Kernel compile_reshape_1(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  Dims shape = node.get_ints("shape");
  return [shape](Context& run) {
    const Tensor& x = run.input(0);
    run.set_output(0, x.reshaped(resolve_shape(x.dims(), shape, false)));
  };
}

Kernel compile_flatten(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  int64_t axis = node.get_int("axis", 1);
  return [axis](Context& run) {
    const Tensor& x = run.input(0);
    size_t at = static_cast<size_t>(axis == x.rank() ? axis : normalize_axis(axis, x.rank()));
    run.set_output(0, x.reshaped({x.dims().product(0, at), x.dims().product(at, x.dims().size())}));
  };
}

void squeeze(Context& run, const Dims& axes, bool all) {
  const Tensor& x = run.input(0);
  Dims normal = normalize_axes(axes, x.rank());
  Dims dims;
  for (int64_t i = 0; i < x.rank(); ++i) {
    bool removed = all ? x.dim(i) == 1 : normal.contains(i);
    if (!removed) dims.push_back(x.dim(i));
    if (removed && x.dim(i) != 1)
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("dimension {} of {} is not 1", i, x.dims().text()));
  }
  run.set_output(0, x.reshaped(dims));
}

void unsqueeze(Context& run, const Dims& axes) {
  const Tensor& x = run.input(0);
  int64_t rank = x.rank() + axes.rank();
  Dims normal = normalize_axes(axes, rank);
  Dims dims;
  for (int64_t i = 0, from = 0; i < rank; ++i) dims.push_back(normal.contains(i) ? 1 : x.dim(from++));
  run.set_output(0, x.reshaped(dims));
}

// Axes as an attribute, before opset 13.
Kernel compile_squeeze_1(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  Dims axes = node.get_ints("axes");
  bool all = !node.has_attribute("axes");
  return [axes, all](Context& run) { squeeze(run, axes, all); };
}

Kernel compile_squeeze(NodeSpec& node) {
  node.expect_inputs(1, 2);
  node.accepts_unaligned(0);
  return [](Context& run) {
    bool all = !run.has_input(1);
    squeeze(run, all ? Dims() : read_dims(run.input(1)), all);
  };
}

Kernel compile_unsqueeze_1(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  Dims axes = node.get_ints("axes");
  return [axes](Context& run) { unsqueeze(run, axes); };
}

Kernel compile_unsqueeze(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  return [](Context& run) { unsqueeze(run, read_dims(run.input(1))); };
}

}  // namespace

void register_shape(KernelRegistry& registry) {
  registry.add("", "Shape", 1, compile_shape);
  registry.add("", "Size", 1, compile_size);
  registry.add("", "Reshape", 1, compile_reshape_1);
  registry.add("", "Reshape", 5, compile_reshape);
  registry.add("", "Flatten", 1, compile_flatten);
  registry.add("", "Squeeze", 1, compile_squeeze_1);
  registry.add("", "Squeeze", 13, compile_squeeze);
  registry.add("", "Unsqueeze", 1, compile_unsqueeze_1);
  registry.add("", "Unsqueeze", 13, compile_unsqueeze);
}

}  // namespace tessera::exec
