// Activation functions of one tensor, with attributes.
#include <cmath>
#include <limits>

#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

// Applies `f` to every element of a float or double tensor; `f` is called with the element's type.
template <class F>
Kernel map_real(NodeSpec& node, F f) {
  node.expect_inputs(1, 1);
  return widen_half([f](Context& run) {
    const Tensor& x = run.input(0);
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* data = x.data<T>();
      T* result = out.mutable_data<T>();
      for (int64_t i = 0; i < x.size(); ++i) result[i] = static_cast<T>(f(data[i]));
    });
  });
}

Kernel compile_relu(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return widen_half([](Context& run) {
    const Tensor& x = run.input(0);
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch<float, double, int8_t, int16_t, int32_t, int64_t>(x.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* data = x.data<T>();
      T* result = out.mutable_data<T>();
      for (int64_t i = 0; i < x.size(); ++i) result[i] = data[i] < 0 ? T(0) : data[i];
    });
  });
}

Kernel compile_leaky_relu(NodeSpec& node) {
  float alpha = node.get_float("alpha", 0.01f);
  return map_real(node, [alpha](auto x) { return x < 0 ? alpha * x : x; });
}

Kernel compile_thresholded_relu(NodeSpec& node) {
  float alpha = node.get_float("alpha", 1.0f);
  return map_real(node, [alpha](auto x) { return x > alpha ? x : decltype(x)(0); });
}

Kernel compile_elu(NodeSpec& node) {
  float alpha = node.get_float("alpha", 1.0f);
  return map_real(node, [alpha](auto x) { return x < 0 ? alpha * std::expm1(x) : x; });
}

Kernel compile_celu(NodeSpec& node) {
  float alpha = node.get_float("alpha", 1.0f);
  return map_real(node, [alpha](auto x) { return x < 0 ? alpha * std::expm1(x / alpha) : x; });
}

Kernel compile_selu(NodeSpec& node) {
  float alpha = node.get_float("alpha", 1.67326319217681884765625f);
  float gamma = node.get_float("gamma", 1.05070102214813232421875f);
  return map_real(node, [alpha, gamma](auto x) { return gamma * (x < 0 ? alpha * std::expm1(x) : x); });
}

// exp only of negative numbers: no overflow, and exact symmetry.
template <class T>
T sigmoid(T x) {
  T e = std::exp(-std::fabs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

Kernel compile_sigmoid(NodeSpec& node) {
  return map_real(node, [](auto x) { return sigmoid(x); });
}

template <class T>
T hard_sigmoid(T x, T alpha, T beta) {
  T y = alpha * x + beta;
  return y < 0 ? T(0) : y > 1 ? T(1) : y;
}

Kernel compile_hard_sigmoid(NodeSpec& node) {
  float alpha = node.get_float("alpha", 0.2f);
  float beta = node.get_float("beta", 0.5f);
  return map_real(node, [alpha, beta](auto x) { return hard_sigmoid<decltype(x)>(x, alpha, beta); });
}

Kernel compile_hard_swish(NodeSpec& node) {
  return map_real(node, [](auto x) {
    using T = decltype(x);
    return x * hard_sigmoid<T>(x, T(1) / 6, T(0.5));
  });
}

// log(1 + exp(x)), without overflow.
Kernel compile_softplus(NodeSpec& node) {
  return map_real(node,
                  [](auto x) { return std::log1p(std::exp(-std::fabs(x))) + (x > 0 ? x : decltype(x)(0)); });
}

Kernel compile_softsign(NodeSpec& node) {
  return map_real(node, [](auto x) { return x / (1 + std::fabs(x)); });
}

Kernel compile_shrink(NodeSpec& node) {
  node.expect_inputs(1, 1);
  float lambd = node.get_float("lambd", 0.5f);
  float bias = node.get_float("bias", 0.0f);
  return widen_half([lambd, bias](Context& run) {
    const Tensor& x = run.input(0);
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch_number(x.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* data = x.data<T>();
      T* result = out.mutable_data<T>();
      for (int64_t i = 0; i < x.size(); ++i) {
        double value = static_cast<double>(data[i]);
        result[i] = static_cast<T>(value < -lambd ? value + bias : value > lambd ? value - bias : 0.0);
      }
    });
  });
}

template <class T>
void clip(const Tensor& x, T low, T high, Tensor& out) {
  const T* data = x.data<T>();
  T* result = out.mutable_data<T>();
  // As NumPy: where low > high, high wins.
  for (int64_t i = 0; i < x.size(); ++i) {
    T value = data[i] < low ? low : data[i];
    result[i] = value > high ? high : value;
  }
}

// Bounds as inputs (opset 11).
Kernel compile_clip(NodeSpec& node) {
  node.expect_inputs(1, 3);
  return widen_half([](Context& run) {
    const Tensor& x = run.input(0);
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch_number(x.dtype(), [&](auto type) {
      using T = decltype(type);
      auto bound = [&](size_t i, T otherwise) {
        if (!run.has_input(i)) return otherwise;
        if (run.input(i).size() != 1) throw Error(ErrorCode::kInvalidArgument, "a bound must be a scalar");
        return *run.input(i).template data<T>();
      };
      using Limits = std::numeric_limits<T>;
      constexpr T kLow = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
      constexpr T kHigh = Limits::has_infinity ? Limits::infinity() : Limits::max();
      clip<T>(x, bound(1, kLow), bound(2, kHigh), out);
    });
  });
}

// Bounds as attributes (opset 6).
Kernel compile_clip_6(NodeSpec& node) {
  float low = node.get_float("min", std::numeric_limits<float>::lowest());
  float high = node.get_float("max", std::numeric_limits<float>::max());
  node.expect_inputs(1, 1);
  return widen_half([low, high](Context& run) {
    const Tensor& x = run.input(0);
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch_float(x.dtype(), [&](auto type) { clip<decltype(type)>(x, low, high, out); });
  });
}

}  // namespace

void register_activation(KernelRegistry& registry) {
  registry.add("", "Relu", 1, compile_relu);
  registry.add("", "LeakyRelu", 1, compile_leaky_relu);
  registry.add("", "ThresholdedRelu", 10, compile_thresholded_relu);
  registry.add("", "Elu", 1, compile_elu);
  registry.add("", "Celu", 12, compile_celu);
  registry.add("", "Selu", 1, compile_selu);
  registry.add("", "Sigmoid", 1, compile_sigmoid);
  registry.add("", "HardSigmoid", 1, compile_hard_sigmoid);
  registry.add("", "HardSwish", 14, compile_hard_swish);
  registry.add("", "Softplus", 1, compile_softplus);
  registry.add("", "Softsign", 1, compile_softsign);
  registry.add("", "Shrink", 9, compile_shrink);
  registry.add("", "Clip", 1, compile_clip_6);
  registry.add("", "Clip", 11, compile_clip);
}

}  // namespace tessera::exec
