// Softmax, LogSoftmax and Hardmax along an axis.
#include <cmath>
#include <limits>

#include "axis_view.hpp"
#include "cast.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

enum class Kind { kSoftmax, kLogSoftmax, kHardmax };

// One line of `length` elements, `stride` apart.
template <class T>
void normalize_line(Kind kind, const T* x, T* y, int64_t length, int64_t stride) {
  int64_t best = 0;
  for (int64_t i = 1; i < length; ++i)
    if (x[i * stride] > x[best * stride]) best = i;
  if (kind == Kind::kHardmax) {
    for (int64_t i = 0; i < length; ++i) y[i * stride] = i == best ? T(1) : T(0);
    return;
  }
  // A line of -infinity alone has no distribution; exp(-inf - -inf) would be NaN, and NaN it is, as in NumPy.
  T maximum = x[best * stride];
  double sum = 0;
  for (int64_t i = 0; i < length; ++i) {
    T e = std::exp(x[i * stride] - maximum);
    sum += static_cast<double>(e);
    y[i * stride] = e;
  }
  if (kind == Kind::kSoftmax) {
    T scale = static_cast<T>(1 / sum);
    for (int64_t i = 0; i < length; ++i) y[i * stride] *= scale;
  } else {
    T log_sum = static_cast<T>(std::log(sum));
    for (int64_t i = 0; i < length; ++i) y[i * stride] = x[i * stride] - maximum - log_sum;
  }
}

void normalize(Context& run, Kind kind, const AxisView& view) {
  const Tensor& x = run.input(0);
  Tensor& y = run.output(0, x.dtype(), x.dims());
  if (x.size() == 0) return;
  dispatch_float(x.dtype(), [&](auto type) {
    using T = decltype(type);
    for (int64_t o = 0; o < view.outer; ++o)
      for (int64_t i = 0; i < view.inner; ++i) {
        int64_t first = o * view.length * view.inner + i;
        normalize_line<T>(kind, x.data<T>() + first, y.mutable_data<T>() + first, view.length, view.inner);
      }
  });
}

template <Kind kind>
Kernel compile_along_axis(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t axis = node.get_int("axis", -1);
  return widen_half([axis](Context& run) {
    Dims dims = run.input(0).dims();
    if (dims.empty()) dims.push_back(1);
    normalize(run, kind, AxisView(dims, axis));
  });
}

// Before opset 13 the tensor counts as a matrix [dims before axis, dims from axis on].
template <Kind kind>
Kernel compile_as_matrix(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t axis = node.get_int("axis", 1);
  return widen_half([axis](Context& run) {
    const Dims& dims = run.input(0).dims();
    size_t at = static_cast<size_t>(axis == dims.rank() ? axis : normalize_axis(axis, dims.rank()));
    normalize(run, kind, AxisView({dims.product(0, at), dims.product(at, dims.size())}, 1));
  });
}

template <Kind kind>
void register_kind(KernelRegistry& registry, const char* name) {
  registry.add("", name, 1, compile_as_matrix<kind>);
  registry.add("", name, 13, compile_along_axis<kind>);
}

}  // namespace

void register_softmax(KernelRegistry& registry) {
  register_kind<Kind::kSoftmax>(registry, "Softmax");
  register_kind<Kind::kLogSoftmax>(registry, "LogSoftmax");
  register_kind<Kind::kHardmax>(registry, "Hardmax");
}

}  // namespace tessera::exec
