// Normalisation by mean and variance: over the last axes, per channel, per instance, over neighbouring
// channels.
#include <fmt/format.h>

#include <cmath>

#include "axis_view.hpp"
#include "cast.hpp"
#include "standard.hpp"
#include "strided_walk.hpp"

namespace tessera::exec {
namespace {

struct Moments {
  double mean, variance;
};

// Two passes in double: no cancellation.
template <class T>
Moments moments_of(const T* x, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(x[i]);
  double mean = sum / static_cast<double>(count);
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    double d = static_cast<double>(x[i]) - mean;
    squares += d * d;
  }
  return {mean, squares / static_cast<double>(count)};
}

// y = (x - mean) / sqrt(variance + epsilon) * scale + bias, over the axes from `axis` on.
template <class T>
void layer_normalization(Context& run, int64_t axis, double epsilon) {
  const Tensor& x = run.input(0);
  size_t at = static_cast<size_t>(normalize_axis(axis, x.rank()));
  int64_t rows = x.dims().product(0, at);
  int64_t count = x.dims().product(at, x.dims().size());
  bool has_bias = run.has_input(2);
  if (run.input(1).size() != count || (has_bias && run.input(2).size() != count))
    throw Error(ErrorCode::kInvalidArgument, fmt::format("scale and bias must have {} elements", count));
  const T* scale = run.input(1).data<T>();
  const T* bias = has_bias ? run.input(2).data<T>() : nullptr;
  Dims kept = x.dims();
  for (size_t i = at; i < kept.size(); ++i) kept[i] = 1;
  T* y = run.output(0, x.dtype(), x.dims()).template mutable_data<T>();
  float* means = run.output(1, DataType::kFloat, kept).mutable_data<float>();
  float* inverses = run.output(2, DataType::kFloat, kept).mutable_data<float>();
  const T* row = x.data<T>();
  for (int64_t r = 0; r < rows; ++r, row += count, y += count) {
    Moments m = moments_of(row, count);
    double inverse = 1 / std::sqrt(m.variance + epsilon);
    for (int64_t i = 0; i < count; ++i) {
      T normal = static_cast<T>((static_cast<double>(row[i]) - m.mean) * inverse);
      y[i] = normal * scale[i] + (bias ? bias[i] : T(0));
    }
    means[r] = static_cast<float>(m.mean);
    inverses[r] = static_cast<float>(inverse);
  }
}

Kernel compile_layer_normalization(NodeSpec& node) {
  node.expect_inputs(2, 3);
  int64_t axis = node.get_int("axis", -1);
  float epsilon = node.get_float("epsilon", 1e-5f);
  return widen_half([=](Context& run) {
    dispatch_float(run.input(0).dtype(),
                   [&](auto type) { layer_normalization<decltype(type)>(run, axis, epsilon); });
  });
}

// The channels: [batch, channels, rest].
AxisView channels_of(const Tensor& x) {
  Dims dims = x.dims();
  if (dims.size() == 1) dims.push_back(1);
  return AxisView(dims, 1);
}

const Tensor& per_channel(Context& run, size_t i, int64_t channels) {
  if (run.input(i).size() != channels)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("input {} has {} elements, there are {} channels", i,
                                                         run.input(i).size(), channels));
  return run.input(i);
}

// y = x * factor + offset, both by channel.
template <class T>
void scale_channels(Context& run, const AxisView& view, const std::vector<double>& factor,
                    const std::vector<double>& offset) {
  const Tensor& x = run.input(0);
  const T* from = x.data<T>();
  T* to = run.output(0, x.dtype(), x.dims()).template mutable_data<T>();
  for (int64_t o = 0; o < view.outer; ++o)
    for (size_t c = 0; c < factor.size(); ++c, from += view.inner, to += view.inner)
      for (int64_t i = 0; i < view.inner; ++i)
        to[i] = static_cast<T>(static_cast<double>(from[i]) * factor[c] + offset[c]);
}

std::vector<double> doubles(Context& run, size_t i, int64_t channels) {
  Tensor values = cast(per_channel(run, i, channels), DataType::kDouble, &run.pool());
  return std::vector<double>(values.data<double>(), values.data<double>() + channels);
}

// Moments of each channel over batch and rest.
template <class T>
std::vector<Moments> channel_moments(const Tensor& x, const AxisView& view) {
  std::vector<Moments> result;
  std::vector<T> channel(static_cast<size_t>(view.outer * view.inner));
  for (int64_t c = 0; c < view.length; ++c) {
    for (int64_t o = 0; o < view.outer; ++o)
      std::copy_n(x.data<T>() + (o * view.length + c) * view.inner, view.inner,
                  channel.begin() + o * view.inner);
    result.push_back(moments_of(channel.data(), static_cast<int64_t>(channel.size())));
  }
  return result;
}

struct BatchNormalization {
  double epsilon, momentum;
  bool training;
};

void set_running(Context& run, size_t i, DataType dtype, const std::vector<double>& values) {
  Tensor running = Tensor::of<double>({static_cast<int64_t>(values.size())}, values);
  run.set_output(i, cast(running, dtype, &run.pool()));
}

void batch_normalization(Context& run, const BatchNormalization& how) {
  const Tensor& x = run.input(0);
  AxisView view = channels_of(x);
  std::vector<double> scale = doubles(run, 1, view.length);
  std::vector<double> bias = doubles(run, 2, view.length);
  std::vector<double> mean = doubles(run, 3, view.length);
  std::vector<double> variance = doubles(run, 4, view.length);
  dispatch_float(x.dtype(), [&](auto type) {
    using T = decltype(type);
    if (how.training) {
      std::vector<double> running_mean = mean, running_variance = variance;
      std::vector<Moments> now = channel_moments<T>(x, view);
      for (size_t c = 0; c < now.size(); ++c) {
        mean[c] = now[c].mean;
        variance[c] = now[c].variance;
        running_mean[c] = running_mean[c] * how.momentum + mean[c] * (1 - how.momentum);
        running_variance[c] = running_variance[c] * how.momentum + variance[c] * (1 - how.momentum);
      }
      set_running(run, 1, run.input(3).dtype(), running_mean);
      set_running(run, 2, run.input(4).dtype(), running_variance);
    }
    for (size_t c = 0; c < scale.size(); ++c) {
      scale[c] /= std::sqrt(variance[c] + how.epsilon);
      bias[c] -= mean[c] * scale[c];
    }
    scale_channels<T>(run, view, scale, bias);
  });
}

Kernel compile_batch_normalization(NodeSpec& node) {
  node.expect_inputs(5, 5);
  BatchNormalization how{node.get_float("epsilon", 1e-5f), node.get_float("momentum", 0.9f),
                         node.get_int("training_mode", 0) != 0};
  if (node.opset() < 7 && !node.get_int("is_test", 0))
    node.fail_unsupported("BatchNormalization in training mode");
  if (node.opset() < 9 && !node.get_int("spatial", 1))
    node.fail_unsupported("'spatial' = 0 is not supported");
  return widen_half([how](Context& run) { batch_normalization(run, how); });
}

Kernel compile_instance_normalization(NodeSpec& node) {
  node.expect_inputs(3, 3);
  double epsilon = node.get_float("epsilon", 1e-5f);
  return widen_half([epsilon](Context& run) {
    const Tensor& x = run.input(0);
    AxisView view = channels_of(x);
    std::vector<double> scale = doubles(run, 1, view.length);
    std::vector<double> bias = doubles(run, 2, view.length);
    Tensor& y = run.output(0, x.dtype(), x.dims());
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* from = x.data<T>();
      T* to = y.mutable_data<T>();
      for (int64_t i = 0; i < view.outer * view.length; ++i, from += view.inner, to += view.inner) {
        size_t c = static_cast<size_t>(i % view.length);
        Moments m = moments_of(from, view.inner);
        double factor = scale[c] / std::sqrt(m.variance + epsilon);
        for (int64_t j = 0; j < view.inner; ++j)
          to[j] = static_cast<T>((static_cast<double>(from[j]) - m.mean) * factor + bias[c]);
      }
    });
  });
}

// y = x / (bias + alpha / size * sum of squares of the `size` channels around)^beta
Kernel compile_lrn(NodeSpec& node) {
  node.expect_inputs(1, 1);
  double alpha = node.get_float("alpha", 1e-4f);
  double beta = node.get_float("beta", 0.75f);
  double bias = node.get_float("bias", 1.0f);
  int64_t size = node.get_int("size");
  if (size < 1) node.fail("'size' must be positive");
  return widen_half([=](Context& run) {
    const Tensor& x = run.input(0);
    AxisView view = channels_of(x);
    Tensor& y = run.output(0, x.dtype(), x.dims());
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      for (int64_t o = 0; o < view.outer; ++o)
        for (int64_t c = 0; c < view.length; ++c)
          for (int64_t i = 0; i < view.inner; ++i) {
            const T* column = x.data<T>() + o * view.length * view.inner + i;
            double sum = 0;
            int64_t last = std::min(view.length - 1, c + size / 2);
            for (int64_t j = std::max<int64_t>(0, c - (size - 1) / 2); j <= last; ++j)
              sum +=
                  static_cast<double>(column[j * view.inner]) * static_cast<double>(column[j * view.inner]);
            double divisor = std::pow(bias + alpha / static_cast<double>(size) * sum, beta);
            y.mutable_data<T>()[(o * view.length + c) * view.inner + i] =
                static_cast<T>(static_cast<double>(column[c * view.inner]) / divisor);
          }
    });
  });
}

Kernel compile_lp_normalization(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t axis = node.get_int("axis", -1);
  int64_t p = node.get_int("p", 2);
  if (p != 1 && p != 2) node.fail("'p' must be 1 or 2");
  return widen_half([=](Context& run) {
    const Tensor& x = run.input(0);
    AxisView view(x.dims(), axis);
    Tensor& y = run.output(0, x.dtype(), x.dims());
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      for (int64_t o = 0; o < view.outer; ++o)
        for (int64_t i = 0; i < view.inner; ++i) {
          const T* line = x.data<T>() + o * view.length * view.inner + i;
          T* out = y.mutable_data<T>() + o * view.length * view.inner + i;
          double sum = 0;
          for (int64_t j = 0; j < view.length; ++j) {
            double v = std::fabs(static_cast<double>(line[j * view.inner]));
            sum += p == 1 ? v : v * v;
          }
          double norm = p == 1 ? sum : std::sqrt(sum);
          for (int64_t j = 0; j < view.length; ++j)
            out[j * view.inner] =
                norm == 0 ? T(0) : static_cast<T>(static_cast<double>(line[j * view.inner]) / norm);
        }
    });
  });
}

// (x - mean) / sqrt(variance), both over `axes`; 1e-9 keeps a constant from dividing by zero.
Kernel compile_mean_variance_normalization(NodeSpec& node) {
  node.expect_inputs(1, 1);
  Dims axes = node.has_attribute("axes") ? Dims(node.get_ints("axes")) : Dims{0, 2, 3};
  return widen_half([axes](Context& run) {
    const Tensor& x = run.input(0);
    Dims groups = row_major_strides(x.dims()), kept = x.dims();
    Dims normal = normalize_axes(axes, x.rank());
    for (int64_t axis : normal) kept[axis] = 1;
    groups = row_major_strides(kept);
    for (int64_t axis : normal) groups[axis] = 0;
    std::vector<double> sum(static_cast<size_t>(kept.product())), squares(sum);
    double count = static_cast<double>(x.size()) / static_cast<double>(std::max<size_t>(sum.size(), 1));
    StridedWalk<2> walk(x.dims(), {row_major_strides(x.dims()), groups});
    Tensor& y = run.output(0, x.dtype(), x.dims());
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* data = x.data<T>();
      T* out = y.mutable_data<T>();
      walk.for_each([&](const auto& at) { sum[at[1]] += static_cast<double>(data[at[0]]); });
      walk.for_each([&](const auto& at) {
        double d = static_cast<double>(data[at[0]]) - sum[at[1]] / count;
        squares[at[1]] += d * d;
      });
      walk.for_each([&](const auto& at) {
        double d = static_cast<double>(data[at[0]]) - sum[at[1]] / count;
        out[at[0]] = static_cast<T>(d / (std::sqrt(squares[at[1]] / count) + 1e-9));
      });
    });
  });
}

}  // namespace

void register_normalization(KernelRegistry& registry) {
  registry.add("", "LayerNormalization", 17, compile_layer_normalization);
  registry.add("", "BatchNormalization", 1, compile_batch_normalization);
  registry.add("", "MeanVarianceNormalization", 9, compile_mean_variance_normalization);
  registry.add("", "InstanceNormalization", 6, compile_instance_normalization);
  registry.add("", "LRN", 1, compile_lrn);
  registry.add("", "LpNormalization", 1, compile_lp_normalization);
}

}  // namespace tessera::exec
