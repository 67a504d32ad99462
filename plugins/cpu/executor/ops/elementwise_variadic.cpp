// Max, Min, Sum and Mean of any number of tensors, and Where: element by element with broadcasting.
#include <cmath>

#include "cast.hpp"
#include "integer_arithmetic.hpp"
#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

// NaN wins, as in NumPy.
struct Maximum {
  template <class T>
  static T apply(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct Minimum {
  template <class T>
  static T apply(T a, T b) {
    return a < b || a != a ? a : b;
  }
};
struct Sum {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return wrapping_add(a, b);
    else
      return a + b;
  }
};

Dims broadcast_all(Context& run) {
  Dims dims = run.input(0).dims();
  for (size_t i = 1; i < run.input_count(); ++i) dims = broadcast_dims(dims, run.input(i).dims());
  return dims;
}

// out = op(out, x) for every element of out, x broadcast.
template <class T, class Op>
void fold_in(Tensor& out, const Tensor& x) {
  T* out_data = out.mutable_data<T>();
  const T* data = x.data<T>();
  StridedWalk<2> walk(out.dims(), {row_major_strides(out.dims()), broadcast_strides(x.dims(), out.dims())});
  walk.for_each_row([&](const auto& offset) {
    T* row = out_data + offset[0];
    const T* x_row = data + offset[1];
    int64_t stride = walk.row_stride(1);
    if (stride == 0) {
      for (int64_t i = 0; i < walk.row_length(); ++i) row[i] = Op::apply(row[i], *x_row);
    } else {
      for (int64_t i = 0; i < walk.row_length(); ++i) row[i] = Op::apply(row[i], x_row[i]);
    }
  });
}

struct KeepSecond {
  template <class T>
  static T apply(T, T b) {
    return b;
  }
};

template <class T, class Op>
Tensor& fold(Context& run) {
  Tensor& out = run.output(0, data_type_of<T>(), broadcast_all(run));
  // The memory is not initialised: floating garbage is fine here, it is only overwritten.
  fold_in<T, KeepSecond>(out, run.input(0));
  for (size_t i = 1; i < run.input_count(); ++i) fold_in<T, Op>(out, run.input(i));
  return out;
}

template <class Op>
Kernel compile_fold(NodeSpec& node) {
  node.expect_inputs(std::max<size_t>(node.input_count(), 1));
  return widen_half([](Context& run) {
    dispatch_number(run.input(0).dtype(), [&](auto type) { fold<decltype(type), Op>(run); });
  });
}

Kernel compile_mean(NodeSpec& node) {
  node.expect_inputs(std::max<size_t>(node.input_count(), 1));
  return widen_half([](Context& run) {
    dispatch_float(run.input(0).dtype(), [&](auto type) {
      using T = decltype(type);
      Tensor& out = fold<T, Sum>(run);
      T* data = out.template mutable_data<T>();
      for (int64_t i = 0; i < out.size(); ++i) data[i] /= static_cast<T>(run.input_count());
    });
  });
}

Kernel compile_where(NodeSpec& node) {
  node.expect_inputs(3, 3);
  return [](Context& run) {
    const Tensor& condition = run.input(0);
    const Tensor& x = run.input(1);
    const Tensor& y = run.input(2);
    if (x.dtype() != y.dtype())
      throw Error(ErrorCode::kInvalidArgument, "the two choices have different types");
    const Bool* choose = condition.data<Bool>();
    Tensor& out =
        run.output(0, x.dtype(), broadcast_dims(condition.dims(), broadcast_dims(x.dims(), y.dims())));
    StridedWalk<4> walk(
        out.dims(), {broadcast_strides(condition.dims(), out.dims()), broadcast_strides(x.dims(), out.dims()),
                     broadcast_strides(y.dims(), out.dims()), row_major_strides(out.dims())});
    dispatch_moved(x.dtype(), [&](auto unit) {
      using Unit = decltype(unit);
      const Unit* x_data = x.units<Unit>();
      const Unit* y_data = y.units<Unit>();
      Unit* out_data = out.mutable_units<Unit>();
      walk.for_each([&](const auto& offset) {
        out_data[offset[3]] = choose[offset[0]] ? x_data[offset[1]] : y_data[offset[2]];
      });
    });
  };
}

}  // namespace

void register_elementwise_variadic(KernelRegistry& registry) {
  registry.add("", "Max", 1, compile_fold<Maximum>);
  registry.add("", "Min", 1, compile_fold<Minimum>);
  registry.add("", "Sum", 1, compile_fold<Sum>);
  registry.add("", "Mean", 1, compile_mean);
  registry.add("", "Where", 9, compile_where);
}

}  // namespace tessera::exec
