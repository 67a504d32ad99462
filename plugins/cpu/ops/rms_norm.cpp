// tessera.RMSNorm, com.qti.aisw.onnx.CustomRMSNorm: x [..., h] F32, weight [h] -> like x
#include "ops.hpp"
#include "tessera/sdk/edit.hpp"

namespace tessera::cpu {
namespace {

struct RmsNormNode {
  std::shared_ptr<const std::vector<float>> constant;  // null: the weight is computed
  float epsilon;

  void operator()(exec::Context& run) const {
    const std::vector<float> computed = constant ? std::vector<float>() : widened(run.input(1));
    const std::vector<float>& weight = constant ? *constant : computed;
    const auto n = static_cast<int64_t>(weight.size());
    Step& step = step_of(run);
    const exec::Tensor& input = run.input(0);
    expect_last(input, n, "x");
    const float* x = input.data<float>();
    float* y = run.output(0, graph::DataType::kFloat, input.dims()).mutable_data<float>();
    if (n == 0) return;
    for_parts(step, input.size() / n, n, [&](int64_t begin, int64_t end) {
      step.kernels.rms_norm(end - begin, n, x + begin * n, n, weight.data(), epsilon, y + begin * n, n);
    });
  }
};

exec::Kernel compile_rms_norm(exec::NodeSpec& node) {
  node.expect_inputs(2, 2);
  RmsNormNode norm{nullptr, node.get_float("epsilon")};
  if (node.constant(1) != nullptr) {
    norm.constant = widened_constant(node, 1);
  } else {
    node.accepts_unaligned(1);
  }
  return norm;
}

}  // namespace

void add_rms_norm(exec::KernelRegistry& registry) {
  registry.add(graph::kTesseraDomain, "RMSNorm", 1, compile_rms_norm);
  registry.add("com.qti.aisw.onnx", "CustomRMSNorm", 1, compile_rms_norm);
}

}  // namespace tessera::cpu
