// Picking by index: Gather, GatherElements, GatherND, Compress, OneHot, ReverseSequence, NonZero.
#include <fmt/format.h>

#include "axis_view.hpp"
#include "cast.hpp"
#include "indices.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

// Copies line `indices[i]` of the axis, for each i. x: [outer, length, inner]; out: [outer, count, inner].
void gather_lines(const Tensor& x, const AxisView& view, const int64_t* indices, int64_t count, Tensor& out) {
  dispatch_moved(x.dtype(), [&](auto unit) {
    using U = decltype(unit);
    const U* from = x.units<U>();
    U* to = out.mutable_units<U>();
    for (int64_t o = 0; o < view.outer; ++o)
      for (int64_t i = 0; i < count; ++i, to += view.inner)
        std::copy_n(from + (o * view.length + indices[i]) * view.inner, view.inner, to);
  });
}

Kernel compile_gather(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  int64_t axis = node.get_int("axis", 0);
  return [axis](Context& run) {
    const Tensor& x = run.input(0);
    AxisView view(x.dims(), axis);
    Tensor indices = normalized_indices(run.input(1), view.length, &run.pool());
    size_t at = static_cast<size_t>(normalize_axis(axis, x.rank()));
    Dims dims = x.dims().slice(0, at);
    dims.append(indices.dims().begin(), indices.dims().end());
    dims.append(x.dims().begin() + at + 1, x.dims().end());
    gather_lines(x, view, indices.data<int64_t>(), indices.size(), run.output(0, x.dtype(), dims));
  };
}

// out[.., i, ..] = x[.., indices[.., i, ..], ..]: indices have x's rank and may be smaller along other axes.
Kernel compile_gather_elements(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  int64_t axis = node.get_int("axis", 0);
  return [axis](Context& run) {
    const Tensor& x = run.input(0);
    ElementIndices elements(x.dims(), run.input(1), axis, &run.pool());
    Tensor& out = run.output(0, x.dtype(), run.input(1).dims());
    dispatch_moved(x.dtype(), [&](auto unit) {
      using U = decltype(unit);
      const U* from = x.units<U>();
      U* to = out.mutable_units<U>();
      elements.for_each([&](int64_t i, int64_t offset) { to[i] = from[offset]; });
    });
  };
}

Kernel compile_gather_nd(NodeSpec& node) {
  node.expect_inputs(2, 2);
  node.accepts_unaligned(0);
  int64_t batch_dims = node.get_int("batch_dims", 0);
  return [batch_dims](Context& run) {
    const Tensor& x = run.input(0);
    TupleIndices tuples(x.dims(), run.input(1), batch_dims);
    Dims dims = run.input(1).dims().slice(0, run.input(1).dims().size() - 1);
    dims.append(x.dims().begin() + batch_dims + run.input(1).dims().back(), x.dims().end());
    Tensor& out = run.output(0, x.dtype(), dims);
    dispatch_moved(x.dtype(), [&](auto unit) {
      using U = decltype(unit);
      const U* from = x.units<U>();
      U* to = out.mutable_units<U>();
      for (int64_t i = 0; i < tuples.count(); ++i)
        std::copy_n(from + tuples.offset(i), tuples.slice(), to + i * tuples.slice());
    });
  };
}

Kernel compile_compress(NodeSpec& node) {
  node.expect_inputs(2, 2);
  bool flat = !node.has_attribute("axis");
  int64_t axis = node.get_int("axis", 0);
  return [flat, axis](Context& run) {
    Tensor x = flat ? run.input(0).reshaped({run.input(0).size()}) : run.input(0);
    AxisView view(x.dims(), axis);
    const Tensor& condition = run.input(1);
    std::vector<int64_t> chosen;
    for (int64_t i = 0; i < std::min(condition.size(), view.length); ++i)
      if (condition.data<Bool>()[i]) chosen.push_back(i);
    Dims dims = x.dims();
    dims[static_cast<size_t>(normalize_axis(axis, x.rank()))] = static_cast<int64_t>(chosen.size());
    gather_lines(x, view, chosen.data(), dims[static_cast<size_t>(normalize_axis(axis, x.rank()))],
                 run.output(0, x.dtype(), dims));
  };
}

// An index out of [-depth, depth) gives a line of "off" values.
Kernel compile_one_hot(NodeSpec& node) {
  node.expect_inputs(3, 3);
  int64_t axis = node.get_int("axis", -1);
  return [axis](Context& run) {
    Tensor indices = cast(run.input(0), DataType::kInt64, &run.pool());
    int64_t depth = *cast(run.input(1), DataType::kInt64, &run.pool()).data<int64_t>();
    const Tensor& values = run.input(2);
    if (run.input(1).size() != 1 || depth < 0 || values.size() != 2)
      throw Error(ErrorCode::kInvalidArgument, "depth must be a number, values must be [off, on]");
    Dims dims = indices.dims();
    dims.insert(static_cast<size_t>(normalize_axis(axis, indices.rank() + 1)), depth);
    Tensor& out = run.output(0, values.dtype(), dims);
    AxisView view(dims, axis);
    dispatch_moved(values.dtype(), [&](auto unit) {
      using U = decltype(unit);
      U* to = out.mutable_units<U>();
      const U* off_on = values.units<U>();
      std::fill_n(to, out.size(), off_on[0]);
      for (int64_t i = 0; i < indices.size(); ++i) {
        int64_t index = indices.data<int64_t>()[i];
        if (index < 0) index += depth;
        if (index >= 0 && index < depth)
          to[(i / view.inner * view.length + index) * view.inner + i % view.inner] = off_on[1];
      }
    });
  };
}

// Reverses the first sequence_lens[b] steps of row b.
Kernel compile_reverse_sequence(NodeSpec& node) {
  node.expect_inputs(2, 2);
  int64_t batch_axis = node.get_int("batch_axis", 1);
  int64_t time_axis = node.get_int("time_axis", 0);
  if (batch_axis + time_axis != 1 || batch_axis * time_axis != 0)
    node.fail("batch_axis and time_axis must be 0 and 1");
  return [batch_axis](Context& run) {
    const Tensor& x = run.input(0);
    if (x.rank() < 2) throw Error(ErrorCode::kInvalidArgument, "two dimensions at least are expected");
    int64_t batch = x.dim(batch_axis);
    int64_t time = x.dim(1 - batch_axis);
    const int64_t* lengths = run.input(1).data<int64_t>();
    if (run.input(1).size() != batch)
      throw Error(ErrorCode::kInvalidArgument, "one length a row is expected");
    int64_t inner = x.dims().product(2, x.dims().size());
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch_moved(x.dtype(), [&](auto unit) {
      using U = decltype(unit);
      for (int64_t b = 0; b < batch; ++b)
        for (int64_t t = 0; t < time; ++t) {
          if (lengths[b] > time) throw Error(ErrorCode::kInvalidArgument, "a length beyond the time axis");
          int64_t source = t < lengths[b] ? lengths[b] - 1 - t : t;
          auto at = [&](int64_t step) {
            return (batch_axis == 0 ? b * time + step : step * batch + b) * inner;
          };
          std::copy_n(x.units<U>() + at(source), inner, out.mutable_units<U>() + at(t));
        }
    });
  };
}

// [rank, count]: the indices of the elements that are not zero, in row-major order.
Kernel compile_non_zero(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return [](Context& run) {
    const Tensor& x = run.input(0);
    Tensor truth = cast(x, DataType::kBool, &run.pool());
    const Bool* set = truth.data<Bool>();
    int64_t count = std::count_if(set, set + x.size(), [](Bool b) { return static_cast<bool>(b); });
    int64_t* out = run.output(0, DataType::kInt64, {x.rank(), count}).mutable_data<int64_t>();
    int64_t column = 0;
    for (int64_t i = 0; i < x.size(); ++i) {
      if (!set[i]) continue;
      int64_t rest = i;
      for (int64_t d = x.rank(); d-- > 0; rest /= x.dim(d)) out[d * count + column] = rest % x.dim(d);
      ++column;
    }
  };
}

}  // namespace

void register_gather(KernelRegistry& registry) {
  registry.add("", "Gather", 1, compile_gather);
  registry.add("", "GatherElements", 11, compile_gather_elements);
  registry.add("", "GatherND", 11, compile_gather_nd);
  registry.add("", "Compress", 9, compile_compress);
  registry.add("", "OneHot", 9, compile_one_hot);
  registry.add("", "ReverseSequence", 10, compile_reverse_sequence);
  registry.add("", "NonZero", 9, compile_non_zero);
}

}  // namespace tessera::exec
