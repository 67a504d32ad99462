// Operators that order or accumulate along an axis: ArgMax, ArgMin, TopK, CumSum, Unique.
#include <fmt/format.h>

#include <numeric>

#include "axis_view.hpp"
#include "cast.hpp"
#include "concat_split.hpp"
#include "integer_arithmetic.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

template <class T, bool kLargest>
bool better(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    if (a != a) return b == b;  // NaN is extreme, as in NumPy
  return kLargest ? a > b : a < b;
}

template <class T, bool kLargest>
void arg_extreme(const Tensor& x, const AxisView& view, bool last, int64_t* out) {
  const T* data = x.data<T>();
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t i = 0; i < view.inner; ++i) {
      const T* line = data + o * view.length * view.inner + i;
      int64_t best = 0;
      for (int64_t j = 1; j < view.length; ++j) {
        T value = line[j * view.inner], champion = line[best * view.inner];
        if (better<T, kLargest>(value, champion) || (last && value == champion)) best = j;
      }
      *out++ = best;
    }
}

template <bool kLargest>
Kernel compile_arg(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t axis = node.get_int("axis", 0);
  bool keep_dims = node.get_int("keepdims", 1);
  bool last = node.get_int("select_last_index", 0);
  return widen_half([=](Context& run) {
    const Tensor& x = run.input(0);
    AxisView view(x.dims(), axis);
    if (view.length == 0) throw Error(ErrorCode::kInvalidArgument, "no element along the axis");
    Dims dims = x.dims();
    size_t at = static_cast<size_t>(normalize_axis(axis, x.rank()));
    dims[at] = 1;
    if (!keep_dims) dims.erase(at);
    int64_t* out = run.output(0, DataType::kInt64, dims).mutable_data<int64_t>();
    dispatch_number(x.dtype(), [&](auto type) { arg_extreme<decltype(type), kLargest>(x, view, last, out); });
  });
}

// The k first indices of a line in the order wanted; equal elements in the order of their indices.
template <class T>
void top_of_line(const T* line, int64_t stride, int64_t k, bool largest, std::vector<int64_t>& order) {
  std::iota(order.begin(), order.end(), 0);
  auto before = [&](int64_t a, int64_t b) {
    T x = line[a * stride], y = line[b * stride];
    if (largest ? better<T, true>(x, y) : better<T, false>(x, y)) return true;
    if (largest ? better<T, true>(y, x) : better<T, false>(y, x)) return false;
    return a < b;
  };
  std::partial_sort(order.begin(), order.begin() + k, order.end(), before);
}

void top_k(Context& run, int64_t axis, int64_t k, bool largest) {
  const Tensor& x = run.input(0);
  AxisView view(x.dims(), axis);
  if (k < 0 || k > view.length)
    throw Error(ErrorCode::kInvalidArgument, fmt::format("the {} best of {} elements", k, view.length));
  Dims dims = x.dims();
  dims[static_cast<size_t>(normalize_axis(axis, x.rank()))] = k;
  Tensor& values = run.output(0, x.dtype(), dims);
  int64_t* indices = run.output(1, DataType::kInt64, dims).mutable_data<int64_t>();
  dispatch_number(x.dtype(), [&](auto type) {
    using T = decltype(type);
    std::vector<int64_t> order(static_cast<size_t>(view.length));
    for (int64_t o = 0; o < view.outer; ++o)
      for (int64_t i = 0; i < view.inner; ++i) {
        const T* line = x.data<T>() + o * view.length * view.inner + i;
        top_of_line(line, view.inner, k, largest, order);
        for (int64_t j = 0; j < k; ++j) {
          int64_t to = (o * k + j) * view.inner + i;
          values.mutable_data<T>()[to] = line[order[static_cast<size_t>(j)] * view.inner];
          indices[to] = order[static_cast<size_t>(j)];
        }
      }
  });
}

Kernel compile_top_k(NodeSpec& node) {
  node.expect_inputs(2, 2);
  int64_t axis = node.get_int("axis", -1);
  bool largest = node.get_int("largest", 1);
  return widen_half([=](Context& run) { top_k(run, axis, read_integer(run.input(1)), largest); });
}

Kernel compile_top_k_1(NodeSpec& node) {
  node.expect_inputs(1, 1);
  int64_t axis = node.get_int("axis", -1);
  int64_t k = node.get_int("k");
  return widen_half([=](Context& run) { top_k(run, axis, k, true); });
}

template <class T>
void cumulative_sum(const T* x, T* out, const AxisView& view, bool exclusive, bool reverse) {
  for (int64_t o = 0; o < view.outer; ++o)
    for (int64_t i = 0; i < view.inner; ++i) {
      T sum = 0;
      for (int64_t j = 0; j < view.length; ++j) {
        int64_t at = (o * view.length + (reverse ? view.length - 1 - j : j)) * view.inner + i;
        T before = sum;
        if constexpr (std::is_integral_v<T>)
          sum = wrapping_add(sum, x[at]);
        else
          sum += x[at];
        out[at] = exclusive ? before : sum;
      }
    }
}

Kernel compile_cum_sum(NodeSpec& node) {
  node.expect_inputs(2, 2);
  bool exclusive = node.get_int("exclusive", 0);
  bool reverse = node.get_int("reverse", 0);
  return widen_half([=](Context& run) {
    const Tensor& x = run.input(0);
    AxisView view(x.dims(), read_integer(run.input(1)));
    Tensor& out = run.output(0, x.dtype(), x.dims());
    dispatch_number(x.dtype(), [&](auto type) {
      using T = decltype(type);
      cumulative_sum<T>(x.data<T>(), out.mutable_data<T>(), view, exclusive, reverse);
    });
  });
}

// Lines of the axis, one after another: [length, outer * inner].
template <class T>
std::vector<std::vector<T>> lines_of(const Tensor& x, const AxisView& view) {
  std::vector<std::vector<T>> lines(static_cast<size_t>(view.length));
  for (int64_t j = 0; j < view.length; ++j)
    for (int64_t o = 0; o < view.outer; ++o) {
      const T* first = x.data<T>() + (o * view.length + j) * view.inner;
      lines[static_cast<size_t>(j)].insert(lines[static_cast<size_t>(j)].end(), first, first + view.inner);
    }
  return lines;
}

struct Groups {
  std::vector<int64_t> first, inverse, counts;  // `inverse` by line, the others by group
};

template <class T>
bool less(const std::vector<T>& a, const std::vector<T>& b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [](const T& x, const T& y) { return x < y; });
}

template <class T>
Groups group_equal(const std::vector<std::vector<T>>& lines, bool sorted) {
  std::vector<size_t> order(lines.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return less(lines[a], lines[b]); });
  Groups groups;
  std::vector<int64_t> firsts;  // by group in sorted order
  std::vector<size_t> group_of(lines.size());
  for (size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || less(lines[order[i - 1]], lines[order[i]]))
      firsts.push_back(static_cast<int64_t>(order[i]));
    group_of[order[i]] = firsts.size() - 1;
  }
  std::vector<size_t> rank(firsts.size());  // position of a group in the output
  std::iota(rank.begin(), rank.end(), size_t{0});
  if (!sorted) {
    std::vector<size_t> by_first(rank);
    std::sort(by_first.begin(), by_first.end(), [&](size_t a, size_t b) { return firsts[a] < firsts[b]; });
    for (size_t i = 0; i < by_first.size(); ++i) rank[by_first[i]] = i;
  }
  groups.first.resize(firsts.size());
  groups.counts.resize(firsts.size());
  for (size_t g = 0; g < firsts.size(); ++g) groups.first[rank[g]] = firsts[g];
  for (size_t i = 0; i < lines.size(); ++i) {
    groups.inverse.push_back(static_cast<int64_t>(rank[group_of[i]]));
    ++groups.counts[rank[group_of[i]]];
  }
  return groups;
}

void set_list(Context& run, size_t i, const std::vector<int64_t>& values) {
  if (run.has_output(i))
    run.set_output(i, Tensor::of<int64_t>({static_cast<int64_t>(values.size())}, values));
}

Kernel compile_unique(NodeSpec& node) {
  node.expect_inputs(1, 1);
  bool flat = !node.has_attribute("axis");
  int64_t axis = node.get_int("axis", 0);
  bool sorted = node.get_int("sorted", 1);
  return widen_half([=](Context& run) {
    Tensor x = flat ? run.input(0).reshaped({run.input(0).size()}) : run.input(0);
    AxisView view(x.dims(), axis);
    Groups groups;
    dispatch<float, int64_t, int32_t, double, uint8_t, int8_t, uint16_t, int16_t, uint32_t, uint64_t, Bool,
             std::string>(
        x.dtype(), [&](auto type) { groups = group_equal(lines_of<decltype(type)>(x, view), sorted); });
    std::vector<Tensor> parts;
    for (int64_t first : groups.first) parts.push_back(slice_axis(x, axis, first, 1, &run.pool()));
    run.set_output(0, parts.empty() ? x : concat(parts, axis, &run.pool()));
    set_list(run, 1, groups.first);
    set_list(run, 2, groups.inverse);
    set_list(run, 3, groups.counts);
  });
}

}  // namespace

void register_order(KernelRegistry& registry) {
  registry.add("", "ArgMax", 1, compile_arg<true>);
  registry.add("", "ArgMin", 1, compile_arg<false>);
  registry.add("", "TopK", 1, compile_top_k_1);
  registry.add("", "TopK", 10, compile_top_k);
  registry.add("", "CumSum", 11, compile_cum_sum);
  registry.add("", "Unique", 11, compile_unique);
}

}  // namespace tessera::exec
