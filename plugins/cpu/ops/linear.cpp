// tessera.cpu.Linear: x [..., in], biases [out] (constant, may be omitted) -> [..., out] each
//   weights  ints: numbers of the program's weights; as many outputs; input 1 + i is the bias of weight i
#include "plugins/cpu/kernels/linear.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ops.hpp"
#include "plugins/cpu/lower.hpp"

namespace tessera::cpu {
namespace {

using exec::Context;
using exec::NodeSpec;
using exec::Tensor;

struct LinearNode {
  std::vector<int64_t> weights;
  std::vector<std::shared_ptr<const std::vector<float>>> biases;  // null: none

  void operator()(Context& run) const {
    Step& step = step_of(run);
    const Tensor& x = run.input(0);
    std::array<LinearCall, kMostJoined> calls;
    for (size_t i = 0; i < weights.size(); ++i) calls[i] = call(run, step, x, i);
    if (calls[0].rows == 0) return;
    Tensor packed;
    float* packed_x = nullptr;
    if (const int64_t floats = linear_pack_floats(calls[0]); floats > 0) {
      packed = run.scratch(graph::DataType::kFloat, {floats});
      packed_x = packed.mutable_data<float>();
    }
    step.pool.run([&](Team& team) { run_on(team, step.kernels, calls.data(), packed_x); });
  }

  // kernels/linear.hpp for several weights that read one x: it is reordered once, and the panels of all
  // weights are shared out together.
  void run_on(Team& team, const KernelTable& kernels, const LinearCall* calls, float* packed_x) const {
    const float* x = calls[0].x;
    if (packed_x != nullptr) {
      const Team::Share units = team.share(linear_pack_units(kernels, calls[0]));
      kernels.pack_rows(calls[0], units.begin, units.end, packed_x);
      x = packed_x;
    }
    int64_t panels = 0;
    for (size_t i = 0; i < weights.size(); ++i) panels += panel_count(calls[i].shape);
    team.for_each(panels, [&](int64_t begin, int64_t end) {
      int64_t first = 0;  // panel of weight i among all
      for (size_t i = 0; i < weights.size(); ++i) {
        const int64_t count = panel_count(calls[i].shape);
        const int64_t from = std::max(begin - first, int64_t{0}), to = std::min(end - first, count);
        if (from < to) kernels.linear(calls[i], x, from, to);
        first += count;
      }
    });
  }

  LinearCall call(Context& run, Step& step, const Tensor& x, size_t i) const {
    const PackedWeights::Entry& weight = step.weights[weights[i]];
    expect_last(x, weight.shape.in, "x");
    LinearCall call;
    call.shape = weight.shape;
    call.packed = weight.data;
    call.bias = biases[i] ? biases[i]->data() : nullptr;
    call.rows = x.size() / weight.shape.in;
    call.x = x.data<float>();
    call.ldx = weight.shape.in;
    call.y = run.output(i, graph::DataType::kFloat, with_last(x, weight.shape.out)).mutable_data<float>();
    call.ldy = weight.shape.out;
    return call;
  }
};

exec::Kernel compile_linear(NodeSpec& node) {
  LinearNode linear;
  linear.weights = node.get_ints("weights");
  for (size_t i = 0; i < linear.weights.size(); ++i) {
    linear.biases.push_back(node.has_input(1 + i) ? widened_constant(node, 1 + i) : nullptr);
  }
  return linear;
}

}  // namespace

void add_linear(exec::KernelRegistry& registry) {
  registry.add(kCpuDomain, "Linear", 1, compile_linear);
}

}  // namespace tessera::cpu
