// Writing by index into a copy of the input: ScatterElements (once Scatter) and ScatterND.
#include <fmt/format.h>

#include "cast.hpp"
#include "indices.hpp"
#include "standard.hpp"

namespace tessera::exec {
namespace {

enum class Combine { kNone, kAdd, kMultiply };

Combine reduction_of(const NodeSpec& node) {
  std::string name = node.get_string("reduction", "none");
  if (name == "none") return Combine::kNone;
  if (name == "add") return Combine::kAdd;
  if (name == "mul") return Combine::kMultiply;
  node.fail(fmt::format("'reduction' is '{}', expected none, add or mul", name));
}

// Calls `write(type or unit, combine)` so that combine(a, b) is what becomes of element a when b is written.
template <class F>
void dispatch_combine(DataType dtype, Combine reduction, F&& write) {
  if (reduction == Combine::kNone)
    return dispatch_moved(dtype, [&](auto unit) { write(unit, [](auto& a, const auto& b) { a = b; }); });
  dispatch<float, double, int32_t, int64_t, uint8_t, int8_t, uint32_t, uint64_t, int16_t, uint16_t, Float16,
           BFloat16>(dtype, [&](auto type) {
    using T = decltype(type);
    using Wide = std::conditional_t<std::is_integral_v<T>, uint64_t,
                                    std::conditional_t<std::is_same_v<T, double>, double, float>>;
    write(type, [reduction](T& a, const T& b) {
      // NOLINTNEXTLINE(bugprone-signed-char-misuse): sums wrap around, whatever the sign
      Wide x = static_cast<Wide>(a), y = static_cast<Wide>(b);
      a = static_cast<T>(reduction == Combine::kAdd ? x + y : x * y);
    });
  });
}

void check_updates(const Tensor& x, const Tensor& updates, const Dims& expected) {
  if (updates.dims() != expected || updates.dtype() != x.dtype())
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("updates are {} {}, expected {} {}", dtype_name(updates.dtype()),
                            updates.dims().text(), dtype_name(x.dtype()), expected.text()));
}

Kernel compile_scatter_elements(NodeSpec& node) {
  node.expect_inputs(3, 3);
  int64_t axis = node.get_int("axis", 0);
  Combine reduction = reduction_of(node);
  return [axis, reduction](Context& run) {
    const Tensor& updates = run.input(2);
    check_updates(run.input(0), updates, run.input(1).dims());
    ElementIndices elements(run.input(0).dims(), run.input(1), axis, &run.pool());
    Tensor out = run.own_input(0);
    dispatch_combine(out.dtype(), reduction, [&](auto type, auto combine) {
      using T = decltype(type);
      T* to = out.mutable_units<T>();
      const T* from = updates.units<T>();
      elements.for_each([&](int64_t i, int64_t offset) { combine(to[offset], from[i]); });
    });
    run.set_output(0, std::move(out));
  };
}

Kernel compile_scatter_nd(NodeSpec& node) {
  node.expect_inputs(3, 3);
  Combine reduction = reduction_of(node);
  return [reduction](Context& run) {
    const Tensor& indices = run.input(1);
    const Tensor& updates = run.input(2);
    TupleIndices tuples(run.input(0).dims(), indices, 0);
    Dims expected = indices.dims().slice(0, indices.dims().size() - 1);
    const Dims& dims = run.input(0).dims();
    expected.append(dims.begin() + indices.dims().back(), dims.end());
    check_updates(run.input(0), updates, expected);
    Tensor out = run.own_input(0);
    dispatch_combine(out.dtype(), reduction, [&](auto type, auto combine) {
      using T = decltype(type);
      T* to = out.mutable_units<T>();
      const T* from = updates.units<T>();
      for (int64_t i = 0; i < tuples.count(); ++i) {
        T* slice = to + tuples.offset(i);
        for (int64_t j = 0; j < tuples.slice(); ++j) combine(slice[j], from[i * tuples.slice() + j]);
      }
    });
    run.set_output(0, std::move(out));
  };
}

}  // namespace

void register_scatter(KernelRegistry& registry) {
  registry.add("", "Scatter", 9, compile_scatter_elements);
  registry.add("", "ScatterElements", 11, compile_scatter_elements);
  registry.add("", "ScatterND", 11, compile_scatter_nd);
}

}  // namespace tessera::exec
