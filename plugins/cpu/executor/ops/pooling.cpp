// Pooling over windows or over all positions: maximum, average, p-norm, and the inverse of the maximum.
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "cast.hpp"
#include "sliding_window.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

Dims spatial(const Tensor& x) {
  if (x.rank() < 3)
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("{} has no spatial dimension: [batch, channels, ...] is expected", x.dims().text()));
  return x.dims().slice(2, x.dims().size());
}

Dims pooled_dims(const Tensor& x, const Dims& output) {
  Dims dims{x.dim(0), x.dim(1)};
  dims.append(output.begin(), output.end());
  return dims;
}

// Calls `pool(plane, o, values)` for each plane [batch, channel] and output position.
struct Pooling {
  const Tensor& x;
  WindowPlacement place;
  std::vector<int64_t> sources;

  Pooling(const Tensor& x, const SlidingWindow& window)
      : x(x), place(window, spatial(x), window.kernel), sources(place.sources()) {}

  // f(out index, plane, window) where window(visit) calls visit(source) for each kernel element.
  template <class F>
  void for_each(F&& f) const {
    int64_t planes = x.dim(0) * x.dim(1);
    for (int64_t plane = 0; plane < planes; ++plane)
      for (int64_t o = 0; o < place.output_size; ++o)
        f(plane * place.output_size + o, plane, [&](auto&& visit) {
          for (int64_t k = 0; k < place.kernel_size; ++k)
            visit(sources[static_cast<size_t>(k * place.output_size + o)]);
        });
  }
};

// The offset in a plane counted column by column.
int64_t column_major(int64_t offset, const Dims& dims) {
  int64_t result = 0, stride = 1;
  Dims index(dims.size(), 0);
  for (size_t d = dims.size(); d-- > 0; offset /= dims[d]) index[d] = offset % dims[d];
  for (size_t d = 0; d < dims.size(); stride *= dims[d++]) result += index[d] * stride;
  return result;
}

Kernel compile_max_pool(NodeSpec& node) {
  node.expect_inputs(1, 1);
  SlidingWindow window = SlidingWindow::from(node);
  bool columns = node.get_int("storage_order", 0);
  if (window.kernel.empty()) node.fail("attribute 'kernel_shape' is missing");
  return widen_half([=](Context& run) {
    const Tensor& x = run.input(0);
    Pooling pooling(x, window);
    Dims dims = pooled_dims(x, pooling.place.output);
    Tensor& y = run.output(0, x.dtype(), dims);
    int64_t* indices =
        run.has_output(1) ? run.output(1, DataType::kInt64, dims).mutable_data<int64_t>() : nullptr;
    dispatch<float, double, int8_t, uint8_t>(x.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* data = x.data<T>();
      T* out = y.mutable_data<T>();
      pooling.for_each([&](int64_t o, int64_t plane, auto&& visit_all) {
        const T* values = data + plane * pooling.place.input_size;
        int64_t best = -1;
        visit_all([&](int64_t source) {
          if (source >= 0 && (best < 0 || values[source] > values[best])) best = source;
        });
        out[o] = best < 0 ? std::numeric_limits<T>::lowest() : values[best];
        if (indices)
          indices[o] = plane * pooling.place.input_size +
                       (columns && best >= 0 ? column_major(best, pooling.place.input) : best);
      });
    });
  });
}

// Sums f(x) over each window in double and finishes with g(sum, elements counted).
template <class F, class G>
void pool_sum(Context& run, const SlidingWindow& window, bool count_padding, F f, G g) {
  const Tensor& x = run.input(0);
  Pooling pooling(x, window);
  Tensor& y = run.output(0, x.dtype(), pooled_dims(x, pooling.place.output));
  dispatch_float(x.dtype(), [&](auto type) {
    using T = decltype(type);
    const T* data = x.data<T>();
    T* out = y.mutable_data<T>();
    pooling.for_each([&](int64_t o, int64_t plane, auto&& visit_all) {
      const T* values = data + plane * pooling.place.input_size;
      double sum = 0;
      int64_t count = 0;
      visit_all([&](int64_t source) {
        if (source >= 0) sum += f(static_cast<double>(values[source]));
        count += source >= 0 || (count_padding && source == WindowPlacement::kPadding);
      });
      out[o] = static_cast<T>(g(sum, count));
    });
  });
}

double mean_of(double sum, int64_t count) {
  return count == 0 ? 0 : sum / static_cast<double>(count);
}

Kernel compile_average_pool(NodeSpec& node) {
  node.expect_inputs(1, 1);
  SlidingWindow window = SlidingWindow::from(node);
  bool count_padding = node.get_int("count_include_pad", 0);
  if (window.kernel.empty()) node.fail("attribute 'kernel_shape' is missing");
  return widen_half([=](Context& run) {
    pool_sum(
        run, window, count_padding, [](double v) { return v; }, mean_of);
  });
}

Kernel compile_lp_pool(NodeSpec& node) {
  node.expect_inputs(1, 1);
  SlidingWindow window = SlidingWindow::from(node);
  double p = static_cast<double>(node.get_int("p", 2));
  if (window.kernel.empty()) node.fail("attribute 'kernel_shape' is missing");
  return widen_half([=](Context& run) {
    pool_sum(
        run, window, false, [p](double v) { return std::pow(std::fabs(v), p); },
        [p](double sum, int64_t) { return std::pow(sum, 1 / p); });
  });
}

// A window that covers everything.
SlidingWindow everything(const Tensor& x) {
  SlidingWindow window;
  window.kernel = spatial(x);
  return window;
}

Kernel compile_global_average_pool(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return widen_half([](Context& run) {
    pool_sum(
        run, everything(run.input(0)), false, [](double v) { return v; }, mean_of);
  });
}

Kernel compile_global_lp_pool(NodeSpec& node) {
  node.expect_inputs(1, 1);
  double p = static_cast<double>(node.get_int("p", 2));
  return widen_half([p](Context& run) {
    pool_sum(
        run, everything(run.input(0)), false, [p](double v) { return std::pow(std::fabs(v), p); },
        [p](double sum, int64_t) { return std::pow(sum, 1 / p); });
  });
}

Kernel compile_global_max_pool(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return widen_half([](Context& run) {
    const Tensor& x = run.input(0);
    int64_t inner = spatial(x).product();
    Tensor& y = run.output(0, x.dtype(), pooled_dims(x, Dims(x.dims().size() - 2, 1)));
    if (inner == 0) throw Error(ErrorCode::kInvalidArgument, "nothing to pool");
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      const T* data = x.data<T>();
      for (int64_t i = 0; i < y.size(); ++i, data += inner)
        y.mutable_data<T>()[i] = *std::max_element(data, data + inner);
    });
  });
}

// Puts each value back where MaxPool's index says; everything else is 0.
Kernel compile_max_unpool(NodeSpec& node) {
  node.expect_inputs(2, 3);
  SlidingWindow window = SlidingWindow::from(node);
  return [window](Context& run) {
    const Tensor& x = run.input(0);
    Dims dims = x.dims();
    size_t rank = spatial(x).size();
    if (window.kernel.size() != rank)
      throw Error(ErrorCode::kInvalidArgument, "'kernel_shape' does not fit the input");
    for (size_t d = 0; d < rank; ++d) {
      int64_t stride = window.strides.empty() ? 1 : window.strides[d];
      int64_t pads = window.pads.empty() ? 0 : window.pads[d] + window.pads[d + rank];
      dims[d + 2] = (x.dim(d + 2) - 1) * stride + window.kernel[d] - pads;
    }
    Dims whole = run.has_input(2) ? read_dims(run.input(2)) : dims;
    if (whole.size() != dims.size())
      throw Error(ErrorCode::kInvalidArgument, "'output_shape' does not fit the input");
    const int64_t* indices = run.input(1).data<int64_t>();
    if (run.input(1).size() != x.size())
      throw Error(ErrorCode::kInvalidArgument, "one index a value is expected");
    Tensor& y = run.output(0, x.dtype(), whole);
    Dims strides = row_major_strides(whole);
    int64_t size = dims.product();
    dispatch_float(x.dtype(), [&](auto type) {
      using T = decltype(type);
      T* out = y.mutable_data<T>();
      std::fill_n(out, y.size(), T(0));
      for (int64_t i = 0; i < x.size(); ++i) {
        int64_t rest = indices[i], offset = 0;
        bool inside = rest >= 0 && rest < size;
        for (size_t d = dims.size(); inside && d-- > 0; rest /= dims[d]) {
          inside = rest % dims[d] < whole[d];
          offset += rest % dims[d] * strides[d];
        }
        if (!inside)
          throw Error(ErrorCode::kInvalidArgument, fmt::format("index {} is out of range", indices[i]));
        out[offset] = x.data<T>()[i];
      }
    });
  };
}

}  // namespace

void register_pooling(KernelRegistry& registry) {
  registry.add("", "MaxPool", 1, compile_max_pool);
  registry.add("", "AveragePool", 1, compile_average_pool);
  registry.add("", "LpPool", 2, compile_lp_pool);
  registry.add("", "GlobalMaxPool", 1, compile_global_max_pool);
  registry.add("", "GlobalAveragePool", 1, compile_global_average_pool);
  registry.add("", "GlobalLpPool", 2, compile_global_lp_pool);
  registry.add("", "MaxUnpool", 9, compile_max_unpool);
}

}  // namespace tessera::exec
