// Conv and ConvTranspose: the input's windows become the columns of a matrix (im2col), the rest is a matrix
// product.
#include "convolution.hpp"

#include <fmt/format.h>

#include "cast.hpp"
#include "gemm.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

template <class T>
void multiply(const T* a, const T* b, T* c, int64_t m, int64_t n, int64_t k) {
  if constexpr (std::is_same_v<T, float>)
    gemm(a, b, c, m, n, k);
  else
    gemm_plain(a, b, c, m, n, k);
}

// columns[c * kernel + k][o] = what kernel element k of channel c meets at output position o.
template <class T>
void fill_columns(const T* x, int64_t channels, const WindowPlacement& place,
                  const std::vector<int64_t>& sources, T* columns) {
  for (int64_t c = 0; c < channels; ++c, x += place.input_size)
    for (int64_t source : sources) *columns++ = source < 0 ? T(0) : x[source];
}

template <class T>
void add_bias(T* y, const Tensor& bias, int64_t batch, int64_t channels, int64_t inner) {
  if (!bias.has_value()) return;
  const T* values = bias.data<T>();
  for (int64_t i = 0; i < batch * channels; ++i, y += inner)
    for (int64_t j = 0; j < inner; ++j) y[j] += values[i % channels];
}

Dims spatial(const Tensor& x) {
  if (x.rank() < 3)
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("{} has no spatial dimension: [batch, channels, ...] is expected", x.dims().text()));
  return x.dims().slice(2, x.dims().size());
}

void check_channels(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t groups,
                    int64_t per_group, int64_t outputs, const SlidingWindow& window) {
  bool fits = x.rank() == weight.rank() && groups > 0 && x.dim(1) == per_group * groups &&
              outputs % groups == 0 && (!bias.has_value() || bias.size() == outputs) &&
              x.dtype() == weight.dtype() && (window.kernel.empty() || window.kernel == spatial(weight));
  if (!fits)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("a weight of {} does not fit {} in {} groups",
                                                         weight.dims().text(), x.dims().text(), groups));
}

template <class T>
void convolve_into(const Tensor& x, const Tensor& weight, int64_t groups, const WindowPlacement& place,
                   Tensor& y, BufferPool* pool) {
  int64_t channels = weight.dim(1), outputs = weight.dim(0) / groups;
  int64_t depth = channels * place.kernel_size;
  std::vector<int64_t> sources = place.sources();
  Tensor columns = Tensor::allocate(x.dtype(), {depth, place.output_size}, pool);
  for (int64_t n = 0; n < x.dim(0); ++n)
    for (int64_t g = 0; g < groups; ++g) {
      fill_columns(x.data<T>() + (n * groups + g) * channels * place.input_size, channels, place, sources,
                   columns.mutable_data<T>());
      multiply(weight.data<T>() + g * outputs * depth, columns.data<T>(),
               y.mutable_data<T>() + (n * groups + g) * outputs * place.output_size, outputs,
               place.output_size, depth);
    }
}

Kernel compile_conv(NodeSpec& node) {
  node.expect_inputs(2, 3);
  SlidingWindow window = SlidingWindow::from(node);
  int64_t groups = node.get_int("group", 1);
  return widen_half([=](Context& run) {
    Tensor bias = run.has_input(2) ? run.input(2) : Tensor();
    run.set_output(0, convolve(run.input(0), run.input(1), bias, window, groups, &run.pool()));
  });
}

struct ConvTranspose {
  SlidingWindow window;
  int64_t groups;
  Dims output_padding, output_shape;

  // The result's size, and where a convolution over it would have the input's positions.
  WindowPlacement place(const Dims& input, const Dims& kernel) const {
    size_t rank = input.size();
    auto filled = [rank](const Dims& given, size_t count, int64_t value) {
      if (!given.empty() && given.size() != count)
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("{} does not fit {} spatial dimensions", given.text(), rank));
      return given.empty() ? Dims(count, value) : given;
    };
    Dims strides = filled(window.strides, rank, 1);
    Dims dilations = filled(window.dilations, rank, 1);
    Dims pads = filled(window.pads, 2 * rank, 0);
    Dims extra = filled(output_padding, rank, 0);
    Dims begin = pads.slice(0, rank);
    Dims output(rank, 0);
    bool same = window.auto_pad == SlidingWindow::AutoPad::kSameUpper ||
                window.auto_pad == SlidingWindow::AutoPad::kSameLower;
    for (size_t d = 0; d < rank; ++d) {
      int64_t full = strides[d] * (input[d] - 1) + extra[d] + (kernel[d] - 1) * dilations[d] + 1;
      if (output_shape.empty() && !same) {
        output[d] = full - begin[d] - pads[rank + d];
        continue;
      }
      // `output_shape` may hold the spatial dimensions alone or all.
      output[d] =
          same && output_shape.empty()
              ? input[d] * strides[d]
              : filled(output_shape.size() == rank + 2 ? output_shape.slice(2, rank + 2) : output_shape, rank,
                       0)[d];
      int64_t total = std::max<int64_t>(full - output[d], 0);
      begin[d] = window.auto_pad == SlidingWindow::AutoPad::kSameUpper ? total / 2 : total - total / 2;
    }
    return WindowPlacement(output, kernel, strides, dilations, begin, input);
  }

  template <class T>
  void run(Context& run) const {
    const Tensor& x = run.input(0);
    const Tensor& weight = run.input(1);  // [C, M/groups, kernel...]
    Tensor bias = run.has_input(2) ? run.input(2) : Tensor();
    if (groups < 1 || x.rank() != weight.rank() || weight.dim(0) % groups != 0)
      throw Error(ErrorCode::kInvalidArgument, "weight and groups do not fit");
    int64_t channels = weight.dim(0) / groups, outputs = weight.dim(1);
    check_channels(x, weight, bias, groups, channels, outputs * groups, window);
    WindowPlacement where = place(spatial(x), spatial(weight));
    std::vector<int64_t> targets = where.sources();
    Dims dims{x.dim(0), outputs * groups};
    dims.append(where.input.begin(), where.input.end());
    Tensor& y = run.output(0, x.dtype(), dims);
    std::fill_n(y.mutable_data<T>(), y.size(), T(0));
    int64_t depth = outputs * where.kernel_size;
    Tensor columns = run.scratch(x.dtype(), {depth, where.output_size});
    std::vector<T> turned(static_cast<size_t>(depth * channels));
    for (int64_t n = 0; n < x.dim(0); ++n)
      for (int64_t g = 0; g < groups; ++g) {
        const T* w = weight.data<T>() + g * channels * depth;
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t i = 0; i < depth; ++i)
            turned[static_cast<size_t>(i * channels + c)] = w[c * depth + i];
        multiply(turned.data(), x.data<T>() + (n * groups + g) * channels * where.output_size,
                 columns.mutable_data<T>(), depth, where.output_size, channels);
        T* out = y.mutable_data<T>() + (n * groups + g) * outputs * where.input_size;
        const T* column = columns.data<T>();
        for (int64_t m = 0; m < outputs; ++m, out += where.input_size)
          for (int64_t target : targets) {
            if (target >= 0) out[target] += *column;
            ++column;
          }
      }
    add_bias<T>(y.mutable_data<T>(), bias, x.dim(0), outputs * groups, where.input_size);
  }
};

Kernel compile_conv_transpose(NodeSpec& node) {
  node.expect_inputs(2, 3);
  ConvTranspose transpose{SlidingWindow::from(node), node.get_int("group", 1),
                          node.get_ints("output_padding"), node.get_ints("output_shape")};
  return widen_half([transpose](Context& run) {
    dispatch_float(run.input(0).dtype(), [&](auto type) { transpose.run<decltype(type)>(run); });
  });
}

}  // namespace

Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& bias, const SlidingWindow& window,
                int64_t groups, BufferPool* pool) {
  Dims input = spatial(x);
  check_channels(x, weight, bias, groups, weight.rank() > 1 ? weight.dim(1) : 0, weight.dim(0), window);
  WindowPlacement place(window, input, spatial(weight));
  Dims dims{x.dim(0), weight.dim(0)};
  dims.append(place.output.begin(), place.output.end());
  Tensor y = Tensor::allocate(x.dtype(), dims, pool);
  dispatch<float, double, int32_t>(x.dtype(), [&](auto type) {
    using T = decltype(type);
    convolve_into<T>(x, weight, groups, place, y, pool);
    add_bias<T>(y.mutable_data<T>(), bias, x.dim(0), weight.dim(0), place.output_size);
  });
  return y;
}

void register_convolution(KernelRegistry& registry) {
  registry.add("", "Conv", 1, compile_conv);
  registry.add("", "ConvTranspose", 1, compile_conv_transpose);
}

}  // namespace tessera::exec
