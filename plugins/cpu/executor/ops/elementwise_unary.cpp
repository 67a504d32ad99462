// Operators on one tensor, element by element, without attributes: mathematics, rounding, predicates.
#include <cmath>

#include "cast.hpp"
#include "integer_arithmetic.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

template <class T, class R, class Op>
void apply_unary(Context& run) {
  const Tensor& x = run.input(0);
  R* out = run.output(0, data_type_of<R>(), x.dims()).template mutable_data<R>();
  const T* data = x.data<T>();
  for (int64_t i = 0; i < x.size(); ++i) out[i] = Op::apply(data[i]);
}

// A function of float and double.
template <class Op>
Kernel compile_real(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return widen_half([](Context& run) {
    dispatch_float(run.input(0).dtype(),
                   [&](auto type) { apply_unary<decltype(type), decltype(type), Op>(run); });
  });
}
// A function of every number.
template <class Op>
Kernel compile_number(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return widen_half([](Context& run) {
    dispatch_number(run.input(0).dtype(),
                    [&](auto type) { apply_unary<decltype(type), decltype(type), Op>(run); });
  });
}

struct Abs {
  template <class T>
  static T apply(T x) {
    if constexpr (std::is_unsigned_v<T>)
      return x;
    else if constexpr (std::is_integral_v<T>)
      return x < 0 ? wrapping_subtract(T(0), x) : x;
    else
      return std::fabs(x);
  }
};
struct Negate {
  template <class T>
  static T apply(T x) {
    if constexpr (std::is_integral_v<T>)
      return wrapping_subtract(T(0), x);
    else
      return -x;
  }
};
struct Sign {
  template <class T>
  static T apply(T x) {
    if constexpr (std::is_floating_point_v<T>)
      if (x != x) return x;
    return static_cast<T>((x > 0) - (x < 0));
  }
};
// Halves go to the even neighbour (std::round would take them away from zero).
struct Round {
  template <class T>
  static T apply(T x) {
    return std::nearbyint(x);
  }
};
struct Ceil {
  template <class T>
  static T apply(T x) {
    return std::ceil(x);
  }
};
struct Floor {
  template <class T>
  static T apply(T x) {
    return std::floor(x);
  }
};
struct Sqrt {
  template <class T>
  static T apply(T x) {
    return std::sqrt(x);
  }
};
struct Reciprocal {
  template <class T>
  static T apply(T x) {
    return T(1) / x;
  }
};
struct Exp {
  template <class T>
  static T apply(T x) {
    return std::exp(x);
  }
};
struct Log {
  template <class T>
  static T apply(T x) {
    return std::log(x);
  }
};
struct Sin {
  template <class T>
  static T apply(T x) {
    return std::sin(x);
  }
};
struct Cos {
  template <class T>
  static T apply(T x) {
    return std::cos(x);
  }
};
struct Tan {
  template <class T>
  static T apply(T x) {
    return std::tan(x);
  }
};
struct Asin {
  template <class T>
  static T apply(T x) {
    return std::asin(x);
  }
};
struct Acos {
  template <class T>
  static T apply(T x) {
    return std::acos(x);
  }
};
struct Atan {
  template <class T>
  static T apply(T x) {
    return std::atan(x);
  }
};
struct Sinh {
  template <class T>
  static T apply(T x) {
    return std::sinh(x);
  }
};
struct Cosh {
  template <class T>
  static T apply(T x) {
    return std::cosh(x);
  }
};
struct Tanh {
  template <class T>
  static T apply(T x) {
    return std::tanh(x);
  }
};
struct Asinh {
  template <class T>
  static T apply(T x) {
    return std::asinh(x);
  }
};
struct Acosh {
  template <class T>
  static T apply(T x) {
    return std::acosh(x);
  }
};
struct Atanh {
  template <class T>
  static T apply(T x) {
    return std::atanh(x);
  }
};
struct Erf {
  template <class T>
  static T apply(T x) {
    return std::erf(x);
  }
};
struct IsNaN {
  template <class T>
  static Bool apply(T x) {
    return x != x;
  }
};
struct Not {
  static Bool apply(Bool x) { return !x; }
};

Kernel compile_not(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return apply_unary<Bool, Bool, Not>;
}

Kernel compile_is_nan(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return widen_half([](Context& run) {
    dispatch_float(run.input(0).dtype(), [&](auto type) { apply_unary<decltype(type), Bool, IsNaN>(run); });
  });
}

Kernel compile_is_inf(NodeSpec& node) {
  node.expect_inputs(1, 1);
  bool negative = node.get_int("detect_negative", 1);
  bool positive = node.get_int("detect_positive", 1);
  return widen_half([negative, positive](Context& run) {
    const Tensor& x = run.input(0);
    Bool* out = run.output(0, DataType::kBool, x.dims()).mutable_data<Bool>();
    dispatch_float(x.dtype(), [&](auto type) {
      const auto* data = x.data<decltype(type)>();
      for (int64_t i = 0; i < x.size(); ++i)
        out[i] = std::isinf(data[i]) && (data[i] > 0 ? positive : negative);
    });
  });
}

}  // namespace

void register_elementwise_unary(KernelRegistry& registry) {
  registry.add("", "Abs", 1, compile_number<Abs>);
  registry.add("", "Neg", 1, compile_number<Negate>);
  registry.add("", "Sign", 9, compile_number<Sign>);
  registry.add("", "Round", 11, compile_real<Round>);
  registry.add("", "Ceil", 1, compile_real<Ceil>);
  registry.add("", "Floor", 1, compile_real<Floor>);
  registry.add("", "Sqrt", 1, compile_real<Sqrt>);
  registry.add("", "Reciprocal", 1, compile_real<Reciprocal>);
  registry.add("", "Exp", 1, compile_real<Exp>);
  registry.add("", "Log", 1, compile_real<Log>);
  registry.add("", "Sin", 7, compile_real<Sin>);
  registry.add("", "Cos", 7, compile_real<Cos>);
  registry.add("", "Tan", 7, compile_real<Tan>);
  registry.add("", "Asin", 7, compile_real<Asin>);
  registry.add("", "Acos", 7, compile_real<Acos>);
  registry.add("", "Atan", 7, compile_real<Atan>);
  registry.add("", "Sinh", 9, compile_real<Sinh>);
  registry.add("", "Cosh", 9, compile_real<Cosh>);
  registry.add("", "Tanh", 1, compile_real<Tanh>);
  registry.add("", "Asinh", 9, compile_real<Asinh>);
  registry.add("", "Acosh", 9, compile_real<Acosh>);
  registry.add("", "Atanh", 9, compile_real<Atanh>);
  registry.add("", "Erf", 9, compile_real<Erf>);
  registry.add("", "Not", 1, compile_not);
  registry.add("", "IsNaN", 9, compile_is_nan);
  registry.add("", "IsInf", 10, compile_is_inf);
}

}  // namespace tessera::exec
