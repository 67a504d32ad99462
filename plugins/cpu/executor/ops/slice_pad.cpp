// Cutting and growing a box: Slice and Pad.
#include <fmt/format.h>

#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

struct Range {
  int64_t start, step, count;
};

// NumPy's start:end:step on a dimension of `length`, ends clamped.
Range resolve_range(int64_t start, int64_t end, int64_t step, int64_t length) {
  if (step == 0) throw Error(ErrorCode::kInvalidArgument, "a slice with step 0");
  if (start < 0) start += length;
  if (end < 0) end += length;
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, length);
    end = std::clamp<int64_t>(end, 0, length);
    return {start, step, end > start ? (end - start - 1) / step + 1 : 0};
  }
  start = std::clamp<int64_t>(start, -1, length - 1);
  end = std::clamp<int64_t>(end, -1, length - 1);
  // -step would overflow for the least int64; dividing by step first does not.
  return {start, step, start > end ? (end - start + 1) / step + 1 : 0};
}

void slice(Context& run, const Dims& starts, const Dims& ends, const Dims& axes, const Dims& steps) {
  const Tensor& x = run.input(0);
  if (starts.size() != ends.size() || starts.size() != axes.size() || starts.size() != steps.size())
    throw Error(ErrorCode::kInvalidArgument, "starts, ends, axes and steps differ in length");
  Dims normal = normalize_axes(axes, x.rank());
  Dims dims = x.dims();
  Dims strides = row_major_strides(dims);
  int64_t first = 0;
  for (size_t i = 0; i < normal.size(); ++i) {
    size_t axis = static_cast<size_t>(normal[i]);
    Range range = resolve_range(starts[i], ends[i], steps[i], x.dim(axis));
    if (range.count > 0) first += range.start * strides[axis];
    if (range.count > 1) strides[axis] *= range.step;
    dims[axis] = range.count;
  }
  Tensor& out = run.output(0, x.dtype(), dims);
  StridedWalk<2> walk(dims, {strides, row_major_strides(dims)});
  dispatch_moved(x.dtype(), [&](auto unit) {
    using U = decltype(unit);
    const U* from = x.units<U>() + (out.size() > 0 ? first : 0);
    U* to = out.mutable_units<U>();
    walk.for_each_row([&](const auto& offset) {
      int64_t stride = walk.row_stride(0);
      if (stride == 1) {
        std::copy_n(from + offset[0], walk.row_length(), to + offset[1]);
      } else {
        for (int64_t i = 0; i < walk.row_length(); ++i) to[offset[1] + i] = from[offset[0] + i * stride];
      }
    });
  });
}

Dims counting(size_t count) {
  Dims result;
  for (size_t i = 0; i < count; ++i) result.push_back(static_cast<int64_t>(i));
  return result;
}

Kernel compile_slice_1(NodeSpec& node) {
  node.expect_inputs(1, 1);
  node.accepts_unaligned(0);
  Dims starts = node.get_ints("starts");
  Dims ends = node.get_ints("ends");
  Dims axes = node.has_attribute("axes") ? Dims(node.get_ints("axes")) : counting(starts.size());
  return [=](Context& run) { slice(run, starts, ends, axes, Dims(starts.size(), 1)); };
}

Kernel compile_slice(NodeSpec& node) {
  node.expect_inputs(3, 5);
  node.accepts_unaligned(0);
  return [](Context& run) {
    Dims starts = read_dims(run.input(1));
    slice(run, starts, read_dims(run.input(2)),
          run.has_input(3) ? read_dims(run.input(3)) : counting(starts.size()),
          run.has_input(4) ? read_dims(run.input(4)) : Dims(starts.size(), 1));
  };
}

enum class PadMode { kConstant, kReflect, kEdge };

PadMode pad_mode(const NodeSpec& node) {
  std::string mode = node.get_string("mode", "constant");
  if (mode == "constant") return PadMode::kConstant;
  if (mode == "reflect") return PadMode::kReflect;
  if (mode == "edge") return PadMode::kEdge;
  node.fail(fmt::format("'mode' is '{}', expected constant, reflect or edge", mode));
}

// Where position `i` of a padded dimension comes from; -1: the constant.
int64_t pad_source(int64_t i, int64_t before, int64_t length, PadMode mode) {
  i -= before;
  if (i >= 0 && i < length) return i;
  if (mode == PadMode::kConstant || length == 0) return -1;
  if (mode == PadMode::kEdge || length == 1) return std::clamp<int64_t>(i, 0, length - 1);
  int64_t period = 2 * (length - 1);
  i = ((i % period) + period) % period;
  return i < length ? i : period - i;
}

template <class U>
void pad_into(const Tensor& x, Tensor& out, const std::vector<std::vector<int64_t>>& sources,
              const U& constant) {
  Dims strides = row_major_strides(x.dims());
  const U* from = x.units<U>();
  U* to = out.mutable_units<U>();
  Dims index(out.dims().size(), 0);
  for (int64_t i = 0; i < out.size(); ++i) {
    int64_t offset = 0;
    for (size_t d = 0; d < index.size() && offset >= 0; ++d) {
      int64_t source = sources[d][index[d]];
      offset = source < 0 ? -1 : offset + source * strides[d];
    }
    to[i] = offset < 0 ? constant : from[offset];
    for (size_t d = index.size(); d-- > 0;) {
      if (++index[d] < out.dim(d)) break;
      index[d] = 0;
    }
  }
}

void pad(Context& run, const std::vector<int64_t>& pads, PadMode mode, const Tensor& constant) {
  const Tensor& x = run.input(0);
  if (pads.size() != 2 * x.dims().size())
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} pads for {} dimensions; two for each are expected", pads.size(), x.rank()));
  Dims dims = x.dims();
  std::vector<std::vector<int64_t>> sources(dims.size());
  for (size_t d = 0; d < dims.size(); ++d) {
    int64_t before = pads[d];
    int64_t after = pads[d + dims.size()];
    if (__builtin_add_overflow(dims[d], before, &dims[d]) ||
        __builtin_add_overflow(dims[d], after, &dims[d]) || dims[d] < 0)
      throw Error(ErrorCode::kInvalidArgument, fmt::format("dimension {} is padded to nothing", d));
  }
  Tensor& out = run.output(0, x.dtype(), dims);
  if (out.size() == 0) return;
  for (size_t d = 0; d < dims.size(); ++d)
    for (int64_t i = 0; i < dims[d]; ++i) sources[d].push_back(pad_source(i, pads[d], x.dim(d), mode));
  dispatch_moved(x.dtype(), [&](auto unit) {
    using U = decltype(unit);
    U value{};
    if (constant.has_value()) value = *constant.units<U>();
    pad_into<U>(x, out, sources, value);
  });
}

Kernel compile_pad_2(NodeSpec& node) {
  node.expect_inputs(1, 1);
  std::vector<int64_t> pads = node.get_ints("pads");
  PadMode mode = pad_mode(node);
  float constant = node.get_float("value", 0);
  return [pads, mode, constant](Context& run) {
    DataType dtype = run.input(0).dtype();
    Tensor value = dtype == DataType::kDouble ? Tensor::scalar<double>(constant) : Tensor::scalar(constant);
    if (dtype == DataType::kFloat16) value = Tensor::scalar(Float16(constant));
    if (dtype != value.dtype()) throw_unsupported_dtype(dtype);
    pad(run, pads, mode, value);
  };
}

Kernel compile_pad(NodeSpec& node) {
  node.expect_inputs(2, 3);
  PadMode mode = pad_mode(node);
  return [mode](Context& run) {
    const Tensor& list = run.input(1);
    std::vector<int64_t> pads(list.data<int64_t>(), list.data<int64_t>() + list.size());
    Tensor constant = run.has_input(2) ? run.input(2) : Tensor();
    if (constant.has_value() && (constant.size() != 1 || constant.dtype() != run.input(0).dtype()))
      throw Error(ErrorCode::kInvalidArgument, "the constant must be one element of the input's type");
    pad(run, pads, mode, constant);
  };
}

}  // namespace

void register_slice_pad(KernelRegistry& registry) {
  registry.add("", "Slice", 1, compile_slice_1);
  registry.add("", "Slice", 10, compile_slice);
  registry.add("", "Pad", 2, compile_pad_2);
  registry.add("", "Pad", 11, compile_pad);
}

}  // namespace tessera::exec
