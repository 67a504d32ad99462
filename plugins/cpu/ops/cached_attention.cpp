// tessera.cpu.CachedAttention: q [B, S, H*D], k, v [B, S, G*D] F32 -> [B, S, H*D], and an empty tensor that
// stands for what it wrote. All rows of the step write their key and value to the caches of their slots
// before any row reads.
//   layer, num_heads, kv_heads, head_dim, window (0 = none), scale
#include <fmt/format.h>

#include <cstring>

#include "attend.hpp"
#include "plugins/cpu/lower.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

using exec::Context;
using exec::Tensor;
using graph::DataType;

struct CachedAttentionNode {
  AttentionShape shape;
  size_t layer;

  void operator()(Context& run) const {
    Step& step = step_of(run);
    const Tensor &q = run.input(0), &k = run.input(1), &v = run.input(2);
    const int64_t q_width = shape.heads * shape.kv.head_dim, kv_width = shape.kv.kv_heads * shape.kv.head_dim;
    const auto rows = static_cast<int64_t>(step.rows.positions.size());
    expect_rows(q, rows, q_width, "q");
    expect_rows(k, rows, kv_width, "k");
    expect_rows(v, rows, kv_width, "v");
    float* y = run.output(0, DataType::kFloat, q.dims()).mutable_data<float>();
    run.output(1, DataType::kInt64, {0});
    place_runs(step, q.data<float>(), y, q_width);
    zero_padding(step, y, q_width);
    const float *keys = k.data<float>(), *values = v.data<float>();
    write_and_attend(run, step, shape, rows, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t position = step.rows.positions[static_cast<size_t>(row)];
        if (position < 0) continue;
        float* block =
            step.kv.blocks(step.rows.slots[static_cast<size_t>(row)], layer)[position / kBlockTokens];
        kv_append(shape.kv, position, keys + row * kv_width, values + row * kv_width, block);
      }
    });
  }

  static void expect_rows(const Tensor& tensor, int64_t rows, int64_t width, const char* input) {
    expect_last(tensor, width, input);
    if (tensor.size() == rows * width) return;
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} has shape {}, the step has {} rows", input, tensor.dims().text(), rows));
  }

  void place_runs(Step& step, const float* q, float* y, int64_t width) const {
    step.attention_items.clear();
    for (const RowRun& run : step.runs) {
      step.attention_items.push_back({step.kv.blocks(run.slot, layer), run.position, run.rows,
                                      q + run.first_row * width, width, y + run.first_row * width, width});
    }
  }

  // Nobody reads the output of a padding row, but what stands there must not differ from run to run.
  static void zero_padding(const Step& step, float* y, int64_t width) {
    for (size_t row = 0; row < step.rows.positions.size(); ++row) {
      if (step.rows.positions[row] >= 0) continue;
      std::memset(y + static_cast<int64_t>(row) * width, 0, static_cast<size_t>(width) * sizeof(float));
    }
  }
};

exec::Kernel compile_cached_attention(exec::NodeSpec& node) {
  return CachedAttentionNode{attention_shape(node, node.get_int("head_dim")),
                             static_cast<size_t>(node.get_int("layer"))};
}

}  // namespace

void add_cached_attention(exec::KernelRegistry& registry) {
  registry.add(kCpuDomain, "CachedAttention", 1, compile_cached_attention);
}

}  // namespace tessera::cpu
