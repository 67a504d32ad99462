// Integers with scale and zero point: QuantizeLinear and its inverse, and the products and convolutions on
// them.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "axis_view.hpp"
#include "cast.hpp"
#include "convolution.hpp"
#include "gemm.hpp"
#include "matmul.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

// Parameters for one element, or for each index of an axis.
struct PerAxis {
  int64_t inner, length;

  PerAxis(const Dims& dims, int64_t axis, int64_t parameters) : inner(1), length(1) {
    if (parameters == 1) return;
    AxisView view(dims, axis);
    if (view.length != parameters)
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("{} scales for {} elements along axis {}", parameters, view.length, axis));
    inner = view.inner;
    length = view.length;
  }
  int64_t operator()(int64_t i) const { return i / inner % length; }
};

Tensor as_int32(Context& run, size_t i, int64_t count) {
  if (!run.has_input(i)) {
    return Tensor::of<int32_t>({count}, std::vector<int32_t>(static_cast<size_t>(count)));
  }
  if (run.input(i).size() != count)
    throw Error(ErrorCode::kInvalidArgument, "scale and zero point differ in size");
  return cast(run.input(i), DataType::kInt32, &run.pool());
}

template <class T>
T quantized(double value, int32_t zero) {
  double rounded = std::nearbyint(value) + zero;
  if (!(rounded > static_cast<double>(std::numeric_limits<T>::min()))) return std::numeric_limits<T>::min();
  if (rounded > static_cast<double>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  return static_cast<T>(rounded);
}

Kernel compile_quantize(NodeSpec& node) {
  node.expect_inputs(2, 3);
  int64_t axis = node.get_int("axis", 1);
  return [axis](Context& run) {
    const Tensor& x = run.input(0);
    Tensor values = cast(x, DataType::kFloat, &run.pool());
    const Tensor& scale = run.input(1);
    Tensor zero = as_int32(run, 2, scale.size());
    PerAxis at(x.dims(), axis, scale.size());
    Tensor& y = run.output(0, run.has_input(2) ? run.input(2).dtype() : DataType::kUint8, x.dims());
    dispatch<uint8_t, int8_t>(y.dtype(), [&](auto type) {
      using T = decltype(type);
      for (int64_t i = 0; i < x.size(); ++i)
        y.mutable_data<T>()[i] =
            quantized<T>(static_cast<double>(values.data<float>()[i] / scale.data<float>()[at(i)]),
                         zero.data<int32_t>()[at(i)]);
    });
  };
}

Kernel compile_dequantize(NodeSpec& node) {
  node.expect_inputs(2, 3);
  int64_t axis = node.get_int("axis", 1);
  return [axis](Context& run) {
    Tensor x = cast(run.input(0), DataType::kInt32, &run.pool());
    const Tensor& scale = run.input(1);
    Tensor zero = as_int32(run, 2, scale.size());
    PerAxis at(x.dims(), axis, scale.size());
    float* y = run.output(0, DataType::kFloat, x.dims()).mutable_data<float>();
    for (int64_t i = 0; i < x.size(); ++i) {
      int64_t difference = int64_t{x.data<int32_t>()[i]} - zero.data<int32_t>()[at(i)];
      y[i] = static_cast<float>(difference) * scale.data<float>()[at(i)];
    }
  };
}

// uint8 over the range of x, which is made to contain 0.
Kernel compile_dynamic_quantize(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return [](Context& run) {
    const Tensor& x = run.input(0);
    const float* data = x.data<float>();
    float low = 0, high = 0;
    for (int64_t i = 0; i < x.size(); ++i) {
      low = std::min(low, data[i]);
      high = std::max(high, data[i]);
    }
    float scale = (high - low) / 255;
    uint8_t zero = scale == 0 ? 0 : quantized<uint8_t>(static_cast<double>(-low / scale), 0);
    uint8_t* y = run.output(0, DataType::kUint8, x.dims()).mutable_data<uint8_t>();
    for (int64_t i = 0; i < x.size(); ++i)
      y[i] = scale == 0 ? zero : quantized<uint8_t>(static_cast<double>(data[i] / scale), zero);
    run.set_output(1, Tensor::scalar(scale));
    run.set_output(2, Tensor::scalar(zero));
  };
}

// x - zero point, as int32. The zero point is one number, or one for each row ([rows] or [rows, 1]) or each
// column
// ([columns] or [1, columns]) of the last two dimensions.
enum class Side { kRows, kColumns };

Tensor centered(Context& run, const Tensor& x, size_t zero_input, Side side) {
  Tensor result = cast(x, DataType::kInt32, &run.pool());
  if (result.dtype() == x.dtype()) result = result.copy(&run.pool());
  if (!run.has_input(zero_input)) return result;
  Tensor zero = cast(run.input(zero_input), DataType::kInt32, &run.pool());
  int64_t columns = x.rank() == 0 ? 1 : x.dims().back();
  int64_t length = side == Side::kColumns ? columns
                   : x.rank() < 2         ? 1
                                          : x.dim(static_cast<size_t>(x.rank()) - 2);
  if (zero.size() != 1 && zero.size() != length)
    throw Error(ErrorCode::kNotSupported, fmt::format("{} zero points for {}", zero.size(), x.dims().text()));
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t at = zero.size() == 1 ? 0 : side == Side::kColumns ? i % columns : i / columns % length;
    result.mutable_data<int32_t>()[i] -= zero.data<int32_t>()[at];
  }
  return result;
}

Tensor integer_product(Context& run, const Tensor& a, const Tensor& b) {
  MatMulShape shape(a.dims(), b.dims());
  Tensor out = run.scratch(DataType::kInt32, shape.dims);
  if (out.size() == 0) return out;
  // Unsigned, so that what does not fit wraps.
  uint32_t* c = reinterpret_cast<uint32_t*>(out.mutable_data<int32_t>());
  for (const auto& [a_offset, b_offset] : shape.offsets) {
    gemm_plain(reinterpret_cast<const uint32_t*>(a.data<int32_t>()) + a_offset,
               reinterpret_cast<const uint32_t*>(b.data<int32_t>()) + b_offset, c, shape.m, shape.n, shape.k);
    c += shape.m * shape.n;
  }
  return out;
}

Kernel compile_matmul_integer(NodeSpec& node) {
  node.expect_inputs(2, 4);
  return [](Context& run) {
    Tensor a = centered(run, run.input(0), 2, Side::kRows);
    Tensor b = centered(run, run.input(1), 3, Side::kColumns);
    run.set_output(0, integer_product(run, a, b));
  };
}

// sums * (scale by `at`) rounded to y's type.
void requantize(Context& run, const Tensor& sums, const std::vector<double>& factors, const PerAxis& at,
                const Tensor& zero) {
  Tensor& y = run.output(0, zero.dtype(), sums.dims());
  int32_t zero_point = *cast(zero, DataType::kInt32, &run.pool()).data<int32_t>();
  dispatch<uint8_t, int8_t>(y.dtype(), [&](auto type) {
    using T = decltype(type);
    for (int64_t i = 0; i < sums.size(); ++i)
      y.mutable_data<T>()[i] = quantized<T>(
          static_cast<double>(sums.data<int32_t>()[i]) * factors[static_cast<size_t>(at(i))], zero_point);
  });
}

std::vector<double> factors_of(const Tensor& a, const Tensor& b, const Tensor& y) {
  if (a.size() != 1 || y.size() != 1)
    throw Error(ErrorCode::kNotSupported, "a scale for each row of the left side is not supported");
  std::vector<double> factors;
  for (int64_t i = 0; i < b.size(); ++i)
    factors.push_back(static_cast<double>(*a.data<float>()) * static_cast<double>(b.data<float>()[i]) /
                      static_cast<double>(*y.data<float>()));
  return factors;
}

// a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero
Kernel compile_qlinear_matmul(NodeSpec& node) {
  node.expect_inputs(8, 8);
  return [](Context& run) {
    Tensor a = centered(run, run.input(0), 2, Side::kRows);
    Tensor b = centered(run, run.input(3), 5, Side::kColumns);
    Tensor sums = integer_product(run, a, b);
    std::vector<double> factors = factors_of(run.input(1), run.input(4), run.input(6));
    requantize(run, sums, factors, PerAxis(sums.dims(), -1, static_cast<int64_t>(factors.size())),
               run.input(7));
  };
}

// The weight's zero point: one, or one for each output channel.
Tensor centered_weight(Context& run, size_t weight, size_t zero) {
  const Tensor& w = run.input(weight);
  Tensor rows = w.reshaped({w.dims().product(0, 1), w.dims().product(1, w.dims().size())});
  return centered(run, rows, zero, Side::kRows).reshaped(w.dims());
}

Kernel compile_conv_integer(NodeSpec& node) {
  node.expect_inputs(2, 4);
  SlidingWindow window = SlidingWindow::from(node);
  int64_t groups = node.get_int("group", 1);
  return [=](Context& run) {
    Tensor x = centered(run, run.input(0), 2, Side::kRows);
    run.set_output(0, convolve(x, centered_weight(run, 1, 3), Tensor(), window, groups, &run.pool()));
  };
}

// x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero, bias
Kernel compile_qlinear_conv(NodeSpec& node) {
  node.expect_inputs(8, 9);
  SlidingWindow window = SlidingWindow::from(node);
  int64_t groups = node.get_int("group", 1);
  return [=](Context& run) {
    Tensor x = centered(run, run.input(0), 2, Side::kRows);
    Tensor bias = run.has_input(8) ? run.input(8) : Tensor();
    Tensor sums = convolve(x, centered_weight(run, 3, 5), bias, window, groups, &run.pool());
    std::vector<double> factors = factors_of(run.input(1), run.input(4), run.input(6));
    requantize(run, sums, factors, PerAxis(sums.dims(), 1, static_cast<int64_t>(factors.size())),
               run.input(7));
  };
}

}  // namespace

void register_quantize(KernelRegistry& registry) {
  registry.add("", "QuantizeLinear", 10, compile_quantize);
  registry.add("", "DequantizeLinear", 10, compile_dequantize);
  registry.add("", "DynamicQuantizeLinear", 11, compile_dynamic_quantize);
  registry.add("", "MatMulInteger", 10, compile_matmul_integer);
  registry.add("", "QLinearMatMul", 10, compile_qlinear_matmul);
  registry.add("", "ConvInteger", 10, compile_conv_integer);
  registry.add("", "QLinearConv", 10, compile_qlinear_conv);
}

}  // namespace tessera::exec
