// tessera.Silu, GeluTanh, GeluErf: x -> like x
// tessera.cpu.SiluMul: silu(gate) * up
// Add, Mul of two F32 tensors of one shape (residuals): on all threads; everything else is the plain
// operator's.
#include <fmt/format.h>

#include <algorithm>

#include "ops.hpp"
#include "plugins/cpu/lower.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

using exec::Context;
using exec::Kernel;
using exec::NodeSpec;
using exec::Tensor;
using graph::DataType;

// Elements a thread takes at once: the bits of an element do not depend on its neighbours.
constexpr int64_t kChunk = 4096;

template <class Function>
void for_elements(Step& step, int64_t n, int64_t element_cost, Function&& f) {
  for_parts(step, (n + kChunk - 1) / kChunk, kChunk * element_cost,
            [&](int64_t begin, int64_t end) { f(begin * kChunk, std::min(end * kChunk, n)); });
}

template <void (*KernelTable::*Activation)(int64_t, const float*, float*)>
Kernel compile_activation(NodeSpec& node) {
  node.expect_inputs(1, 1);
  return [](Context& run) {
    Step& step = step_of(run);
    const Tensor& input = run.input(0);
    const float* x = input.data<float>();
    float* y = run.output(0, DataType::kFloat, input.dims()).mutable_data<float>();
    for_elements(step, input.size(), 4, [&](int64_t begin, int64_t end) {
      (step.kernels.*Activation)(end - begin, x + begin, y + begin);
    });
  };
}

void expect_same_shape(const Tensor& a, const Tensor& b) {
  if (a.dims() == b.dims()) return;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("inputs have shapes {} and {}, expected equal ones",
                                                       a.dims().text(), b.dims().text()));
}

Kernel compile_silu_mul(NodeSpec& node) {
  node.expect_inputs(2, 2);
  return [](Context& run) {
    Step& step = step_of(run);
    const Tensor &gate = run.input(0), &up = run.input(1);
    expect_same_shape(gate, up);
    const float* u = up.data<float>();
    Tensor result = run.own_input(0);
    float* y = result.mutable_data<float>();
    for_elements(step, result.size(), 4, [&](int64_t begin, int64_t end) {
      const int64_t n = end - begin;
      step.kernels.silu_mul(1, n, y + begin, n, u + begin, n, y + begin, n);
    });
    run.set_output(0, std::move(result));
  };
}

template <void (*KernelTable::*Operation)(int64_t, const float*, const float*, float*)>
struct SameShape {
  Kernel plain;

  void operator()(Context& run) const {
    const Tensor &a = run.input(0), &b = run.input(1);
    // Without a step a constant is being folded.
    if (run.user() == nullptr || a.dtype() != DataType::kFloat || b.dtype() != DataType::kFloat ||
        a.dims() != b.dims())
      return plain(run);
    Step& step = step_of(run);
    const float *x = a.data<float>(), *z = b.data<float>();
    float* y = run.output(0, DataType::kFloat, a.dims()).mutable_data<float>();
    for_elements(step, a.size(), 1, [&](int64_t begin, int64_t end) {
      (step.kernels.*Operation)(end - begin, x + begin, z + begin, y + begin);
    });
  }
};

const exec::KernelRegistry& plain_registry() {
  static const exec::KernelRegistry& registry = *new exec::KernelRegistry(exec::KernelRegistry::standard());
  return registry;
}

template <void (*KernelTable::*Operation)(int64_t, const float*, const float*, float*)>
Kernel compile_same_shape(NodeSpec& node) {
  Kernel plain = plain_registry().find("", node.node().op_type, node.opset())(node);
  if (!plain) return plain;  // folded
  return SameShape<Operation>{std::move(plain)};
}

}  // namespace

void add_elementwise(exec::KernelRegistry& registry) {
  registry.add(graph::kTesseraDomain, "Silu", 1, compile_activation<&KernelTable::silu>);
  registry.add(graph::kTesseraDomain, "GeluTanh", 1, compile_activation<&KernelTable::gelu_tanh>);
  registry.add(graph::kTesseraDomain, "GeluErf", 1, compile_activation<&KernelTable::gelu_erf>);
  registry.add(kCpuDomain, "SiluMul", 1, compile_silu_mul);
  // From the first version that broadcasts by itself (7) to the last whose rules are known here (14).
  for (const int64_t version : {7, 13, 14}) {
    registry.add("", "Add", version, compile_same_shape<&KernelTable::add>);
    registry.add("", "Mul", version, compile_same_shape<&KernelTable::mul>);
  }
}

}  // namespace tessera::cpu
