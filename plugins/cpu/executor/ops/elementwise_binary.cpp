// Operators on two tensors, element by element with NumPy broadcasting: arithmetic, comparisons, logic,
// shifts.
#include <cmath>

#include "cast.hpp"
#include "integer_arithmetic.hpp"
#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

// A row's operands are dense (stride 1) or one element repeated (stride 0): three loops that vectorise.
template <class T, class R, class Op>
void apply_row(const T* __restrict a, int64_t a_stride, const T* __restrict b, int64_t b_stride,
               R* __restrict out, int64_t count) {
  if (a_stride == 0) {
    for (int64_t i = 0; i < count; ++i) out[i] = Op::apply(*a, b[i * b_stride]);
  } else if (b_stride == 0) {
    for (int64_t i = 0; i < count; ++i) out[i] = Op::apply(a[i], *b);
  } else {
    for (int64_t i = 0; i < count; ++i) out[i] = Op::apply(a[i], b[i]);
  }
}

template <class T, class R, class Op>
void apply_binary(Context& run) {
  const Tensor& a = run.input(0);
  const Tensor& b = run.input(1);
  Tensor& out = run.output(0, data_type_of<R>(), broadcast_dims(a.dims(), b.dims()));
  const T* a_data = a.data<T>();
  const T* b_data = b.data<T>();
  R* out_data = out.mutable_data<R>();
  StridedWalk<3> walk(out.dims(), {broadcast_strides(a.dims(), out.dims()),
                                   broadcast_strides(b.dims(), out.dims()), row_major_strides(out.dims())});
  walk.for_each_row([&](const auto& offset) {
    apply_row<T, R, Op>(a_data + offset[0], walk.row_stride(0), b_data + offset[1], walk.row_stride(1),
                        out_data + offset[2], walk.row_length());
  });
}

struct Add {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return wrapping_add(a, b);
    else
      return a + b;
  }
};
struct Subtract {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return wrapping_subtract(a, b);
    else
      return a - b;
  }
};
struct Multiply {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return wrapping_multiply(a, b);
    else
      return a * b;
  }
};
struct Divide {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return checked_divide(a, b);
    else
      return a / b;
  }
};
// fmod=0: the remainder has the divisor's sign, as Python's %. For floating types as well, though ONNX asks
// for fmod=1.
struct FloorModulo {
  template <class T>
  static T apply(T a, T b) {
    T r;
    if constexpr (std::is_integral_v<T>)
      r = checked_remainder(a, b);
    else
      r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? static_cast<T>(r + b) : r;
  }
};
struct TruncatedModulo {
  template <class T>
  static T apply(T a, T b) {
    if constexpr (std::is_integral_v<T>)
      return checked_remainder(a, b);
    else
      return std::fmod(a, b);
  }
};
struct PRelu {
  template <class T>
  static T apply(T x, T slope) {
    return x < 0 ? static_cast<T>(x * slope) : x;
  }
};
struct ShiftLeft {
  template <class T>
  static T apply(T a, T by) {
    return by >= sizeof(T) * 8 ? T(0) : static_cast<T>(a << by);
  }
};
struct ShiftRight {
  template <class T>
  static T apply(T a, T by) {
    return by >= sizeof(T) * 8 ? T(0) : static_cast<T>(a >> by);
  }
};
struct Equal {
  template <class T>
  static Bool apply(const T& a, const T& b) {
    return a == b;
  }
};
struct Less {
  template <class T>
  static Bool apply(T a, T b) {
    return a < b;
  }
};
struct LessOrEqual {
  template <class T>
  static Bool apply(T a, T b) {
    return a <= b;
  }
};
struct Greater {
  template <class T>
  static Bool apply(T a, T b) {
    return a > b;
  }
};
struct GreaterOrEqual {
  template <class T>
  static Bool apply(T a, T b) {
    return a >= b;
  }
};
struct And {
  static Bool apply(Bool a, Bool b) { return a && b; }
};
struct Or {
  static Bool apply(Bool a, Bool b) { return a || b; }
};
struct Xor {
  static Bool apply(Bool a, Bool b) { return static_cast<bool>(a) != static_cast<bool>(b); }
};

template <class Op>
void run_arithmetic(Context& run) {
  dispatch_number(run.input(0).dtype(),
                  [&](auto type) { apply_binary<decltype(type), decltype(type), Op>(run); });
}
template <class Op>
void run_comparison(Context& run) {
  dispatch_number(run.input(0).dtype(), [&](auto type) { apply_binary<decltype(type), Bool, Op>(run); });
}
void run_equal(Context& run) {
  dispatch<float, int64_t, int32_t, double, uint8_t, int8_t, uint16_t, int16_t, uint32_t, uint64_t, Bool,
           std::string>(run.input(0).dtype(),
                        [&](auto type) { apply_binary<decltype(type), Bool, Equal>(run); });
}
template <class Op>
void run_shift(Context& run) {
  dispatch<uint8_t, uint16_t, uint32_t, uint64_t>(
      run.input(0).dtype(), [&](auto type) { apply_binary<decltype(type), decltype(type), Op>(run); });
}

template <class Op>
Kernel compile_arithmetic(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return widen_half(run_arithmetic<Op>);
}
template <class Op>
Kernel compile_comparison(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return widen_half(run_comparison<Op>);
}
template <class Op>
Kernel compile_logic(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return apply_binary<Bool, Bool, Op>;
}

Kernel compile_equal(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return widen_half(run_equal);
}

Kernel compile_mod(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return widen_half(node.get_int("fmod", 0) ? run_arithmetic<TruncatedModulo> : run_arithmetic<FloorModulo>);
}

Kernel compile_bit_shift(NodeSpec& node) {
  node.expect_inputs(2, 2);
  std::string direction = node.get_string("direction", "");
  if (direction == "LEFT") return run_shift<ShiftLeft>;
  if (direction == "RIGHT") return run_shift<ShiftRight>;
  node.fail("'direction' must be LEFT or RIGHT");
}

// PRelu broadcasts its slope to the input, never the other way round.
Kernel compile_prelu(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return widen_half([](Context& run) {
    broadcast_strides(run.input(1).dims(), run.input(0).dims());
    run_arithmetic<PRelu>(run);
  });
}

// Integer powers by squaring: exact and wrapping as the other integer arithmetic is.
template <class T>
T integer_power(T base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) throw Error(ErrorCode::kInvalidArgument, "zero to a negative power");
    if (base == T(1)) return 1;
    if constexpr (std::is_signed_v<T>)
      if (base == T(-1)) return exponent % 2 == 0 ? 1 : -1;
    return 0;
  }
  T result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result = wrapping_multiply(result, base);
    base = wrapping_multiply(base, base);
  }
  return result;
}
struct Power {
  template <class T>
  static T apply(T base, T exponent) {
    if constexpr (std::is_integral_v<T>)
      return integer_power(base, static_cast<int64_t>(exponent));
    else
      return exponent == 2 ? base * base : std::pow(base, exponent);
  }
};

// The exponent may have another type than the base, which gives the type of the result. Whole exponents are
// brought to the base's type; others make both double.
void run_pow(Context& run) {
  DataType base = run.input(0).dtype();
  DataType exponent = run.input(1).dtype();
  if (base == exponent) return run_arithmetic<Power>(run);
  bool through_double = is_floating(exponent) || base == DataType::kDouble;
  if (!through_double) {
    run.replace_input(1, cast(run.input(1), base, &run.pool()));
    return run_arithmetic<Power>(run);
  }
  run.replace_input(0, cast(run.input(0), DataType::kDouble, &run.pool()));
  run.replace_input(1, cast(run.input(1), DataType::kDouble, &run.pool()));
  apply_binary<double, double, Power>(run);
  run.set_output(0, cast(run.output_value(0).tensor(), base, &run.pool()));
}

Kernel compile_pow(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return [](Context& run) {
    DataType base = run.input(0).dtype();
    for (size_t i = 0; i < 2; ++i)
      if (is_half(run.input(i).dtype()))
        run.replace_input(i, cast(run.input(i), DataType::kFloat, &run.pool()));
    run_pow(run);
    run.set_output(0, cast(run.output_value(0).tensor(), base, &run.pool()));
  };
}

}  // namespace

void register_elementwise_binary(KernelRegistry& registry) {
  registry.add("", "Add", 7, compile_arithmetic<Add>);
  registry.add("", "Sub", 7, compile_arithmetic<Subtract>);
  registry.add("", "Mul", 7, compile_arithmetic<Multiply>);
  registry.add("", "Div", 7, compile_arithmetic<Divide>);
  registry.add("", "Pow", 7, compile_pow);
  registry.add("", "Mod", 10, compile_mod);
  registry.add("", "PRelu", 7, compile_prelu);
  registry.add("", "BitShift", 11, compile_bit_shift);
  registry.add("", "Equal", 7, compile_equal);
  registry.add("", "Less", 7, compile_comparison<Less>);
  registry.add("", "LessOrEqual", 12, compile_comparison<LessOrEqual>);
  registry.add("", "Greater", 7, compile_comparison<Greater>);
  registry.add("", "GreaterOrEqual", 12, compile_comparison<GreaterOrEqual>);
  registry.add("", "And", 7, compile_logic<And>);
  registry.add("", "Or", 7, compile_logic<Or>);
  registry.add("", "Xor", 7, compile_logic<Xor>);
}

}  // namespace tessera::exec
