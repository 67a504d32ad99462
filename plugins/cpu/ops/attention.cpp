// tessera.Attention, WindowedAttention: q [B, S, H*D], k, v [B, S, G*D] F32, positions int64 [B, S] -> [B, S,
// H*D]
//   num_heads, kv_heads, scale, window
// A key is seen iff 0 <= its position <= the query's (and > the query's - window), in the same batch row.
//
// Positions that ascend are the case that occurs: then "seen" means "not later in the row", and keys and
// values go into blocks of their own, indexed by place in the row, for the kernel that serves the caches: a
// stateless run has the bits of a cached one. Other orders are computed key by key.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "attend.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

using exec::Context;
using exec::Tensor;
using graph::DataType;

struct Rows {
  int64_t batch, length;  // B, S
  const float *q, *k, *v;
  const int64_t* positions;
  float* y;
};

// True when the rows with a position have ascending ones, without gaps if a window counts them.
bool in_order(const int64_t* positions, int64_t length, bool without_gaps) {
  int64_t last = -1;
  bool first = true;
  for (int64_t i = 0; i < length; ++i) {
    if (positions[i] < 0) continue;
    if (!first && (positions[i] <= last || (without_gaps && positions[i] != last + 1))) return false;
    last = positions[i];
    first = false;
  }
  return true;
}

struct AttentionNode {
  AttentionShape attributes;  // head_dim comes with q

  void operator()(Context& run) const {
    const Tensor &q = run.input(0), &k = run.input(1), &v = run.input(2), &positions = run.input(3);
    AttentionShape shape = attributes;
    shape.kv.head_dim = q.rank() == 3 ? q.dim(2) / shape.heads : 0;
    const int64_t kv_width = shape.kv.kv_heads * shape.kv.head_dim;
    const bool fits = q.rank() == 3 && shape.kv.head_dim > 0 && q.dim(2) == shape.heads * shape.kv.head_dim &&
                      k.dims() == exec::Dims{q.dim(0), q.dim(1), kv_width} && v.dims() == k.dims() &&
                      positions.dims() == exec::Dims{q.dim(0), q.dim(1)};
    if (!fits) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("q {}, k {}, v {} and positions {} do not fit {} heads that share {}",
                              q.dims().text(), k.dims().text(), v.dims().text(), positions.dims().text(),
                              shape.heads, shape.kv.kv_heads));
    }
    Tensor& y = run.output(0, DataType::kFloat, q.dims());
    const Rows rows{q.dim(0),
                    q.dim(1),
                    q.data<float>(),
                    k.data<float>(),
                    v.data<float>(),
                    positions.data<int64_t>(),
                    y.mutable_data<float>()};
    std::memset(rows.y, 0, y.size_bytes());
    bool ordered = shape.kv.head_dim <= kLargestHead;
    for (int64_t b = 0; b < rows.batch; ++b) {
      ordered = ordered && in_order(rows.positions + b * rows.length, rows.length, shape.window > 0);
    }
    if (ordered)
      attend_in_blocks(run, shape, rows);
    else
      attend_key_by_key(run, shape, rows);
  }

  static constexpr int64_t kLargestHead = 256;  // of the kernel

  static void attend_in_blocks(Context& run, const AttentionShape& shape, const Rows& rows) {
    Step& step = step_of(run);
    const int64_t blocks_a_row = (rows.length + kBlockTokens - 1) / kBlockTokens;
    const int64_t block_floats = kv_block_floats(shape.kv);
    Tensor memory = run.scratch(DataType::kFloat, {rows.batch * blocks_a_row * block_floats});
    float* floats = memory.mutable_data<float>();
    std::vector<float*> blocks(static_cast<size_t>(rows.batch * blocks_a_row));
    for (size_t i = 0; i < blocks.size(); ++i) blocks[i] = floats + static_cast<int64_t>(i) * block_floats;
    const std::vector<int64_t> place = places(rows);
    find_items(step, shape, rows, place, blocks.data());
    const int64_t kv_width = shape.kv.kv_heads * shape.kv.head_dim;
    write_and_attend(run, step, shape, rows.batch * rows.length, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t at = place[static_cast<size_t>(row)];
        if (at < 0) continue;
        float* block = blocks[static_cast<size_t>(row / rows.length * blocks_a_row + at / kBlockTokens)];
        kv_append(shape.kv, at, rows.k + row * kv_width, rows.v + row * kv_width, block);
      }
    });
  }

  // How many rows with a position stand before each row of its batch row; -1 for padding.
  static std::vector<int64_t> places(const Rows& rows) {
    std::vector<int64_t> place(static_cast<size_t>(rows.batch * rows.length), -1);
    for (int64_t b = 0; b < rows.batch; ++b) {
      int64_t next = 0;
      for (int64_t row = b * rows.length; row < (b + 1) * rows.length; ++row) {
        if (rows.positions[row] >= 0) place[static_cast<size_t>(row)] = next++;
      }
    }
    return place;
  }

  static void find_items(Step& step, const AttentionShape& shape, const Rows& rows,
                         const std::vector<int64_t>& place, float* const* blocks) {
    const int64_t blocks_a_row = (rows.length + kBlockTokens - 1) / kBlockTokens;
    const int64_t width = shape.heads * shape.kv.head_dim;
    std::vector<AttentionRows>& items = step.attention_items;
    items.clear();
    for (int64_t row = 0; row < rows.batch * rows.length; ++row) {
      const int64_t at = place[static_cast<size_t>(row)];
      if (at < 0) continue;
      const bool continues = row % rows.length != 0 && place[static_cast<size_t>(row - 1)] >= 0;
      if (continues) {
        ++items.back().rows;
        continue;
      }
      items.push_back({blocks + row / rows.length * blocks_a_row, at, 1, rows.q + row * width, width,
                       rows.y + row * width, width});
    }
  }

  static void attend_key_by_key(Context& run, const AttentionShape& shape, const Rows& rows) {
    for_parts(step_of(run), rows.batch * rows.length, rows.length * shape.heads * shape.kv.head_dim,
              [&](int64_t begin, int64_t end) {
                std::vector<float> weights(static_cast<size_t>(rows.length));
                for (int64_t row = begin; row < end; ++row) {
                  for (int64_t head = 0; head < shape.heads; ++head)
                    attend_one(shape, rows, row, head, weights);
                }
              });
  }

  static void attend_one(const AttentionShape& shape, const Rows& rows, int64_t row, int64_t head,
                         std::vector<float>& weights) {
    const int64_t dim = shape.kv.head_dim, kv_width = shape.kv.kv_heads * dim;
    const int64_t first = row / rows.length * rows.length;
    const int64_t kv_head = head / (shape.heads / shape.kv.kv_heads);
    const int64_t position = rows.positions[row];
    const float* q = rows.q + (row * shape.heads + head) * dim;
    float largest = -INFINITY;
    for (int64_t j = 0; j < rows.length; ++j) {
      const int64_t key = rows.positions[first + j];
      const bool seen = key >= 0 && key <= position && (shape.window == 0 || key > position - shape.window);
      float score = 0.0f;
      const float* k = rows.k + (first + j) * kv_width + kv_head * dim;
      for (int64_t d = 0; seen && d < dim; ++d) score += q[d] * k[d];
      weights[static_cast<size_t>(j)] = seen ? score * shape.scale : -INFINITY;
      largest = std::max(largest, weights[static_cast<size_t>(j)]);
    }
    if (largest == -INFINITY) return;  // padding, or a row that sees nothing: zero
    float sum = 0.0f;
    for (float& w : weights) sum += w = std::exp(w - largest);
    float* y = rows.y + (row * shape.heads + head) * dim;
    for (int64_t j = 0; j < rows.length; ++j) {
      const float weight = weights[static_cast<size_t>(j)] / sum;
      const float* v = rows.v + (first + j) * kv_width + kv_head * dim;
      for (int64_t d = 0; weight != 0.0f && d < dim; ++d) y[d] += weight * v[d];
    }
  }
};

exec::Kernel compile_attention(exec::NodeSpec& node) {
  node.expect_inputs(4, 4);
  AttentionNode attention{attention_shape(node, 0)};
  if (node.node().op_type == "WindowedAttention" && attention.attributes.window < 1)
    node.fail("window must be positive");
  return attention;
}

}  // namespace

void add_attention(exec::KernelRegistry& registry) {
  registry.add(graph::kTesseraDomain, "Attention", 1, compile_attention);
  registry.add(graph::kTesseraDomain, "WindowedAttention", 1, compile_attention);
}

}  // namespace tessera::cpu
