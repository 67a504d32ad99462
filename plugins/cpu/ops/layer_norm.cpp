// tessera.LayerNorm: x [..., h] F32, weight, bias [h] -> like x
#include "ops.hpp"
#include "tessera/sdk/edit.hpp"

namespace tessera::cpu {
namespace {

using Vector = std::shared_ptr<const std::vector<float>>;

struct LayerNormNode {
  Vector weight, bias;  // null: computed, not constant
  float epsilon;

  void operator()(exec::Context& run) const {
    const Vector w = weight ? weight : computed(run, 1), b = bias ? bias : computed(run, 2);
    const auto n = static_cast<int64_t>(w->size());
    Step& step = step_of(run);
    const exec::Tensor& input = run.input(0);
    expect_last(input, n, "x");
    expect_last(input, static_cast<int64_t>(b->size()), "x (by the bias)");
    const float* x = input.data<float>();
    float* y = run.output(0, graph::DataType::kFloat, input.dims()).mutable_data<float>();
    if (n == 0) return;
    for_parts(step, input.size() / n, 2 * n, [&](int64_t begin, int64_t end) {
      step.kernels.layer_norm(end - begin, n, x + begin * n, n, w->data(), b->data(), epsilon, y + begin * n,
                              n);
    });
  }

  static Vector computed(const exec::Context& run, size_t input) {
    return std::make_shared<const std::vector<float>>(widened(run.input(input)));
  }
};

Vector constant_or_null(exec::NodeSpec& node, size_t input) {
  if (node.constant(input) != nullptr) return widened_constant(node, input);
  node.accepts_unaligned(input);
  return nullptr;
}

exec::Kernel compile_layer_norm(exec::NodeSpec& node) {
  node.expect_inputs(3, 3);
  const Vector weight = constant_or_null(node, 1), bias = constant_or_null(node, 2);
  return LayerNormNode{weight, bias, node.get_float("epsilon")};
}

}  // namespace

void add_layer_norm(exec::KernelRegistry& registry) {
  registry.add(graph::kTesseraDomain, "LayerNorm", 1, compile_layer_norm);
}

}  // namespace tessera::cpu
