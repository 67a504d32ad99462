// Resize and Upsample, one axis after another: each output position is a weighted sum of input positions.
#include <fmt/format.h>

#include <cmath>

#include "axis_view.hpp"
#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

struct Resize {
  std::string mode, coordinates, nearest;
  float cubic_coeff_a, extrapolation_value;
  bool exclude_outside;

  // Where output position `o` lies on the input's axis.
  double source(int64_t o, int64_t in, int64_t out, double scale, double roi_start, double roi_end) const {
    double x = static_cast<double>(o);
    // The result's length before it is rounded down to `out`: what ONNX aligns corners with.
    double length = static_cast<double>(in), result_length = length * scale;
    if (coordinates == "asymmetric") return x / scale;
    if (coordinates == "align_corners") return out == 1 ? 0 : x * (length - 1) / (result_length - 1);
    if (coordinates == "pytorch_half_pixel" && out <= 1) return 0;
    if (coordinates == "tf_half_pixel_for_nn") return (x + 0.5) / scale;
    if (coordinates == "tf_crop_and_resize")
      return out > 1
                 ? roi_start * (length - 1) + x * (roi_end - roi_start) * (length - 1) / (result_length - 1)
                 : 0.5 * (roi_start + roi_end) * (length - 1);
    return (x + 0.5) / scale - 0.5;
  }

  double round(double x) const {
    if (nearest == "floor") return std::floor(x);
    if (nearest == "ceil") return std::ceil(x);
    if (nearest == "round_prefer_ceil") return std::floor(x + 0.5);
    return std::ceil(x - 0.5);
  }

  // Weights of the cubic through the four neighbours at distance 1 + t, t, 1 - t, 2 - t.
  void cubic_weights(double t, double* w) const {
    double a = cubic_coeff_a;
    auto near = [a](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    auto far = [a](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    w[0] = far(1 + t);
    w[1] = near(t);
    w[2] = near(1 - t);
    w[3] = far(2 - t);
  }

  struct Taps {
    int64_t index[4] = {};
    double weight[4] = {};
    int count = 0;
  };

  Taps taps(double x, int64_t in) const {
    Taps taps;
    double floor = std::floor(x);
    int64_t first = static_cast<int64_t>(floor);
    if (mode == "nearest") {
      taps.count = 1;
      taps.weight[0] = 1;
      first = static_cast<int64_t>(round(x));
    } else if (mode == "linear") {
      taps.count = 2;
      taps.weight[0] = 1 - (x - floor);
      taps.weight[1] = x - floor;
    } else {
      taps.count = 4;
      cubic_weights(x - floor, taps.weight);
      --first;
    }
    double sum = 0;
    for (int i = 0; i < taps.count; ++i) {
      taps.index[i] = std::clamp<int64_t>(first + i, 0, in - 1);
      if (exclude_outside && mode == "cubic" && taps.index[i] != first + i) taps.weight[i] = 0;
      sum += taps.weight[i];
    }
    if (exclude_outside && mode == "cubic")
      for (int i = 0; i < taps.count; ++i) taps.weight[i] /= sum;
    return taps;
  }

  // Resizes one axis of double data.
  Tensor resize_axis(const Tensor& x, size_t axis, const std::vector<Taps>& all, BufferPool* pool) const {
    AxisView view(x.dims(), static_cast<int64_t>(axis));
    Dims dims = x.dims();
    dims[axis] = static_cast<int64_t>(all.size());
    Tensor y = Tensor::allocate(DataType::kDouble, dims, pool);
    double* out = y.mutable_data<double>();
    for (int64_t o = 0; o < view.outer; ++o)
      for (const Taps& taps : all) {
        const double* plane = x.data<double>() + o * view.length * view.inner;
        for (int64_t i = 0; i < view.inner; ++i) {
          double sum = 0;
          for (int t = 0; t < taps.count; ++t) sum += plane[taps.index[t] * view.inner + i] * taps.weight[t];
          *out++ = sum;
        }
      }
    return y;
  }

  void run(Context& run, const Dims& sizes, const std::vector<double>& scales,
           const std::vector<double>& roi) const {
    const Tensor& x = run.input(0);
    Tensor y = cast(x, DataType::kDouble, &run.pool());
    std::vector<std::vector<bool>> outside(sizes.size());
    for (size_t d = 0; d < sizes.size(); ++d) {
      if (x.dim(d) == 0 && sizes[d] != 0) throw Error(ErrorCode::kInvalidArgument, "nothing to resize");
      std::vector<Taps> all;
      outside[d].resize(static_cast<size_t>(sizes[d]));
      for (int64_t o = 0; o < sizes[d]; ++o) {
        double start = roi.empty() ? 0 : roi[d], end = roi.empty() ? 1 : roi[d + sizes.size()];
        double at = source(o, x.dim(d), sizes[d], scales[d], start, end);
        outside[d][static_cast<size_t>(o)] = at < 0 || at > static_cast<double>(x.dim(d) - 1);
        all.push_back(taps(at, x.dim(d)));
      }
      if (sizes[d] != x.dim(d) || scales[d] != 1 || !roi.empty()) y = resize_axis(y, d, all, &run.pool());
    }
    if (coordinates == "tf_crop_and_resize") extrapolate(y, outside, run);
    // Integer results are rounded, not cut.
    if (!is_floating(x.dtype())) {
      y = y.is_unique() ? std::move(y) : y.copy(&run.pool());
      for (int64_t i = 0; i < y.size(); ++i)
        y.mutable_data<double>()[i] = std::nearbyint(y.data<double>()[i]);
    }
    run.set_output(0, cast(y, x.dtype(), &run.pool()));
  }

  void extrapolate(Tensor& y, const std::vector<std::vector<bool>>& outside, Context& run) const {
    y = y.copy(&run.pool());
    Dims strides = row_major_strides(y.dims());
    for (int64_t i = 0; i < y.size(); ++i)
      for (size_t d = 0; d < outside.size(); ++d)
        if (outside[d][static_cast<size_t>(i / strides[d] % y.dim(d))])
          y.mutable_data<double>()[i] = extrapolation_value;
  }
};

std::vector<double> read_doubles(Context& run, size_t i, size_t count) {
  Tensor values = cast(run.input(i), DataType::kDouble, &run.pool());
  if (values.size() != static_cast<int64_t>(count))
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("input {} has {} entries, expected {}", i, values.size(), count));
  return std::vector<double>(values.data<double>(), values.data<double>() + count);
}

Dims scaled(const Dims& dims, const std::vector<double>& scales) {
  Dims sizes = dims;
  for (size_t d = 0; d < sizes.size(); ++d) {
    double size = std::floor(static_cast<double>(dims[d]) * scales[d]);
    if (!(scales[d] > 0) || size > 1e15) throw Error(ErrorCode::kInvalidArgument, "scales must be positive");
    sizes[d] = static_cast<int64_t>(size);
  }
  return sizes;
}

void check_mode(const NodeSpec& node, Resize& resize) {
  if (resize.mode == "bilinear") resize.mode = "linear";
  if (resize.mode != "nearest" && resize.mode != "linear" && resize.mode != "cubic")
    node.fail(fmt::format("'mode' is '{}', expected nearest, linear or cubic", resize.mode));
}

// x, roi, scales, sizes (opset 11)
Kernel compile_resize(NodeSpec& node) {
  node.expect_inputs(1, 4);
  Resize resize{node.get_string("mode", "nearest"),
                node.get_string("coordinate_transformation_mode", "half_pixel"),
                node.get_string("nearest_mode", "round_prefer_floor"),
                node.get_float("cubic_coeff_a", -0.75f),
                node.get_float("extrapolation_value", 0),
                node.get_int("exclude_outside", 0) != 0};
  check_mode(node, resize);
  return [resize](Context& run) {
    const Dims& dims = run.input(0).dims();
    std::vector<double> roi;
    if (resize.coordinates == "tf_crop_and_resize") roi = read_doubles(run, 1, 2 * dims.size());
    if (run.has_input(3) && run.input(3).size() > 0) {
      Dims sizes = read_dims(run.input(3));
      if (sizes.size() != dims.size())
        throw Error(ErrorCode::kInvalidArgument, "one size a dimension is expected");
      std::vector<double> scales;
      for (size_t d = 0; d < dims.size(); ++d) {
        if (sizes[d] < 0) throw Error(ErrorCode::kInvalidArgument, "sizes must not be negative");
        scales.push_back(static_cast<double>(sizes[d]) / static_cast<double>(std::max<int64_t>(dims[d], 1)));
      }
      return resize.run(run, sizes, scales, roi);
    }
    std::vector<double> scales = read_doubles(run, 2, dims.size());
    resize.run(run, scaled(dims, scales), scales, roi);
  };
}

// Upsample, and Resize of opset 10: x, scales.
Kernel compile_upsample(NodeSpec& node) {
  node.expect_inputs(2, 2);
  Resize resize{node.get_string("mode", "nearest"), "asymmetric", "floor", -0.75f, 0, false};
  check_mode(node, resize);
  return [resize](Context& run) {
    const Dims& dims = run.input(0).dims();
    std::vector<double> scales = read_doubles(run, 1, dims.size());
    resize.run(run, scaled(dims, scales), scales, {});
  };
}

Kernel compile_upsample_7(NodeSpec& node) {
  node.expect_inputs(1, 1);
  Resize resize{node.get_string("mode", "nearest"), "asymmetric", "floor", -0.75f, 0, false};
  check_mode(node, resize);
  std::vector<float> given = node.get_floats("scales");
  std::vector<double> scales(given.begin(), given.end());
  return [resize, scales](Context& run) {
    if (scales.size() != run.input(0).dims().size())
      throw Error(ErrorCode::kInvalidArgument, "one scale a dimension is expected");
    resize.run(run, scaled(run.input(0).dims(), scales), scales, {});
  };
}

}  // namespace

void register_resize(KernelRegistry& registry) {
  registry.add("", "Resize", 10, compile_upsample);
  registry.add("", "Resize", 11, compile_resize);
  registry.add("", "Upsample", 7, compile_upsample_7);
  registry.add("", "Upsample", 9, compile_upsample);
}

}  // namespace tessera::exec
