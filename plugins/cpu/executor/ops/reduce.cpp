// Reductions over axes: sums, products, extremes, norms, means.
//
// Floating sums accumulate in double: a mean over thousands of float elements keeps its last bits, at no cost
// worth naming beside the memory traffic. Integer sums wrap in their own type.
#include <cmath>
#include <limits>

#include "cast.hpp"
#include "integer_arithmetic.hpp"
#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

template <class T>
using Wide = std::conditional_t<std::is_floating_point_v<T>, double, T>;

template <class T>
T plus(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return wrapping_add(a, b);
  else
    return a + b;
}
template <class T>
T times(T a, T b) {
  if constexpr (std::is_integral_v<T>)
    return wrapping_multiply(a, b);
  else
    return a * b;
}
template <class T>
T magnitude(T x) {
  if constexpr (std::is_unsigned_v<T>)
    return x;
  else if constexpr (std::is_integral_v<T>)
    return x < 0 ? wrapping_subtract(T(0), x) : x;
  else
    return std::fabs(x);
}

// A reduction: the accumulator's type and start, a step, and what becomes of the accumulator after `count`
// steps.
struct SumFold {
  template <class T>
  using Accumulator = Wide<T>;
  template <class A>
  static A start() {
    return 0;
  }
  template <class A>
  static A step(A a, A x) {
    return plus(a, x);
  }
  template <class A>
  static A finish(A a, int64_t) {
    return a;
  }
};
struct SumSquareFold : SumFold {
  template <class A>
  static A step(A a, A x) {
    return plus(a, times(x, x));
  }
};
struct L1Fold : SumFold {
  template <class A>
  static A step(A a, A x) {
    return plus(a, magnitude(x));
  }
};
struct ProdFold : SumFold {
  template <class A>
  static A start() {
    return 1;
  }
  template <class A>
  static A step(A a, A x) {
    return times(a, x);
  }
};
// Through double for integers too: what NumPy, the reference of the specification, does.
struct RealFold : SumFold {
  template <class T>
  using Accumulator = double;
};
struct MeanFold : RealFold {
  static double step(double a, double x) { return a + x; }
  static double finish(double a, int64_t count) { return a / static_cast<double>(count); }
};
struct L2Fold : RealFold {
  static double step(double a, double x) { return a + x * x; }
  static double finish(double a, int64_t) { return std::sqrt(a); }
};
struct LogSumFold : RealFold {
  static double step(double a, double x) { return a + x; }
  static double finish(double a, int64_t) { return std::log(a); }
};
struct MaxFold : SumFold {
  template <class T>
  using Accumulator = T;
  template <class A>
  static A start() {
    return std::numeric_limits<A>::has_infinity ? -std::numeric_limits<A>::infinity()
                                                : std::numeric_limits<A>::lowest();
  }
  template <class A>
  static A step(A a, A x) {
    return a > x || a != a ? a : x;
  }
};
struct MinFold : MaxFold {
  template <class A>
  static A start() {
    return std::numeric_limits<A>::has_infinity ? std::numeric_limits<A>::infinity()
                                                : std::numeric_limits<A>::max();
  }
  template <class A>
  static A step(A a, A x) {
    return a < x || a != a ? a : x;
  }
};

// Where the result lies: dimensions with 1 for each reduced axis, and with those axes left out.
struct Reduction {
  Dims kept, dropped;
  Dims strides;  // of the result, 0 along reduced axes
  int64_t count = 1;

  Reduction(const Dims& dims, const Dims& axes) : kept(dims) {
    for (int64_t axis : axes) {
      count *= dims[axis];
      kept[axis] = 1;
    }
    for (size_t i = 0; i < dims.size(); ++i)
      if (!axes.contains(static_cast<int64_t>(i))) dropped.push_back(dims[i]);
    strides = row_major_strides(kept);
    for (int64_t axis : axes) strides[axis] = 0;
  }
};

// accumulators[where x's element goes] = step(that, element), for every element in order.
template <class T, class A, class Step>
void accumulate(const Tensor& x, const Reduction& to, A* accumulators, Step step) {
  const T* data = x.data<T>();
  StridedWalk<2> walk(x.dims(), {row_major_strides(x.dims()), to.strides});
  walk.for_each_row([&](const auto& offset) {
    const T* row = data + offset[0];
    A* out = accumulators + offset[1];
    if (walk.row_stride(1) == 0) {
      A a = *out;
      for (int64_t i = 0; i < walk.row_length(); ++i) a = step(a, static_cast<A>(row[i]));
      *out = a;
    } else {
      for (int64_t i = 0; i < walk.row_length(); ++i) out[i] = step(out[i], static_cast<A>(row[i]));
    }
  });
}

template <class T, class Fold>
void reduce(Context& run, const Tensor& x, const Reduction& to, bool keep_dims) {
  using A = typename Fold::template Accumulator<T>;
  Tensor accumulators = run.scratch(data_type_of<A>(), to.kept);
  A* sums = accumulators.mutable_data<A>();
  std::fill_n(sums, accumulators.size(), Fold::template start<A>());
  accumulate<T, A>(x, to, sums, [](A a, A value) { return Fold::step(a, value); });
  T* out = run.output(0, x.dtype(), keep_dims ? to.kept : to.dropped).template mutable_data<T>();
  for (int64_t i = 0; i < accumulators.size(); ++i) out[i] = static_cast<T>(Fold::finish(sums[i], to.count));
}

// log(sum(exp(x))), with the maximum taken out so that exp neither overflows nor vanishes.
struct LogSumExpFold {};

template <class T>
void reduce_log_sum_exp(Context& run, const Tensor& x, const Reduction& to, bool keep_dims) {
  struct State {
    double maximum = -std::numeric_limits<double>::infinity(), sum = 0;
  };
  std::vector<State> states(static_cast<size_t>(to.kept.product()));
  const T* data = x.data<T>();
  StridedWalk<2> walk(x.dims(), {row_major_strides(x.dims()), to.strides});
  walk.for_each([&](const auto& offset) {
    State& state = states[offset[1]];
    state.maximum = std::max(state.maximum, static_cast<double>(data[offset[0]]));
  });
  walk.for_each([&](const auto& offset) {
    State& state = states[offset[1]];
    double shift = std::isfinite(state.maximum) ? state.maximum : 0;
    state.sum += std::exp(static_cast<double>(data[offset[0]]) - shift);
  });
  T* out = run.output(0, x.dtype(), keep_dims ? to.kept : to.dropped).template mutable_data<T>();
  for (size_t i = 0; i < states.size(); ++i)
    out[i] =
        static_cast<T>(std::log(states[i].sum) + (std::isfinite(states[i].maximum) ? states[i].maximum : 0));
}

template <class Fold>
void run_reduction(Context& run, const Dims& axes, bool keep_dims) {
  const Tensor& x = run.input(0);
  Reduction to(x.dims(), axes);
  auto reduce_as = [&](auto type) {
    using T = decltype(type);
    if constexpr (std::is_same_v<Fold, LogSumExpFold>) {
      reduce_log_sum_exp<T>(run, x, to, keep_dims);
    } else {
      reduce<T, Fold>(run, x, to, keep_dims);
    }
  };
  if constexpr (std::is_base_of_v<MaxFold, Fold>) {
    dispatch<float, double, int32_t, int64_t, uint32_t, uint64_t, int8_t, uint8_t>(x.dtype(), reduce_as);
  } else {
    dispatch<float, double, int32_t, int64_t, uint32_t, uint64_t>(x.dtype(), reduce_as);
  }
}

Dims all_axes(int64_t rank) {
  Dims axes;
  for (int64_t i = 0; i < rank; ++i) axes.push_back(i);
  return axes;
}

// Axes as an attribute; none: all.
template <class Fold>
Kernel compile_reduction(NodeSpec& node) {
  node.expect_inputs(1, 1);
  Dims axes = node.get_ints("axes");
  bool keep_dims = node.get_int("keepdims", 1);
  return widen_half([axes, keep_dims](Context& run) {
    int64_t rank = run.input(0).rank();
    run_reduction<Fold>(run, axes.empty() ? all_axes(rank) : normalize_axes(axes, rank), keep_dims);
  });
}

// Axes as an input (ReduceSum since opset 13); none: all, or nothing is reduced.
template <class Fold>
Kernel compile_reduction_by_input(NodeSpec& node) {
  node.expect_inputs(1, 2);
  bool keep_dims = node.get_int("keepdims", 1);
  bool noop = node.get_int("noop_with_empty_axes", 0);
  return widen_half([keep_dims, noop](Context& run) {
    int64_t rank = run.input(0).rank();
    Dims axes = run.has_input(1) ? normalize_axes(read_dims(run.input(1)), rank) : Dims();
    if (axes.empty() && noop) return run.set_output(0, run.input(0));
    run_reduction<Fold>(run, axes.empty() ? all_axes(rank) : axes, keep_dims);
  });
}

}  // namespace

void register_reduce(KernelRegistry& registry) {
  registry.add("", "ReduceSum", 1, compile_reduction<SumFold>);
  registry.add("", "ReduceSum", 13, compile_reduction_by_input<SumFold>);
  registry.add("", "ReduceSumSquare", 1, compile_reduction<SumSquareFold>);
  registry.add("", "ReduceL1", 1, compile_reduction<L1Fold>);
  registry.add("", "ReduceL2", 1, compile_reduction<L2Fold>);
  registry.add("", "ReduceProd", 1, compile_reduction<ProdFold>);
  registry.add("", "ReduceMean", 1, compile_reduction<MeanFold>);
  registry.add("", "ReduceMax", 1, compile_reduction<MaxFold>);
  registry.add("", "ReduceMin", 1, compile_reduction<MinFold>);
  registry.add("", "ReduceLogSum", 1, compile_reduction<LogSumFold>);
  registry.add("", "ReduceLogSumExp", 1, compile_reduction<LogSumExpFold>);
}

}  // namespace tessera::exec
