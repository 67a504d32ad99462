// tessera.BidirectionalAttention: q [B, S, H*D], k, v [B, S, G*D] F32, attention_mask int64 [B, S] -> [B, S,
// H*D] tessera.PackedAttention: the same with S = 1 and batch_index int64 [B, 1] for the mask
//   num_heads, kv_heads, scale
// A row sees all keys of its sequence: those of its batch row that the mask keeps, or the rows of its
// batch_index. The keys of a sequence go, in the order of the rows, into blocks of its own for the kernel
// that serves the caches: so the bits of a sequence depend neither on padding nor on what stands beside it.
#include <fmt/format.h>

#include <cstring>
#include <unordered_map>

#include "attend.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cpu {
namespace {

using exec::Context;
using exec::Tensor;
using graph::DataType;

constexpr int64_t kLargestHead = 256;  // of the kernel

/// Which sequence each row belongs to, and its place among that sequence's keys.
struct Sequences {
  std::vector<int64_t> of_row;  ///< [rows]
  std::vector<int64_t> place;   ///< [rows]; -1: its key is not seen
  std::vector<int64_t> keys;    ///< [sequences]
};

Sequences masked(const Tensor& mask) {
  const int64_t batch = mask.dim(0), length = mask.dim(1);
  const int64_t* kept = mask.data<int64_t>();
  Sequences s;
  s.keys.assign(static_cast<size_t>(batch), 0);
  for (int64_t row = 0; row < batch * length; ++row) {
    s.of_row.push_back(row / length);
    s.place.push_back(kept[row] == 0 ? -1 : s.keys[static_cast<size_t>(row / length)]++);
  }
  return s;
}

Sequences packed(const Tensor& batch_index) {
  Sequences s;
  std::unordered_map<int64_t, int64_t> known;
  for (int64_t row = 0; row < batch_index.size(); ++row) {
    const auto [found, is_new] =
        known.emplace(batch_index.data<int64_t>()[row], static_cast<int64_t>(s.keys.size()));
    if (is_new) s.keys.push_back(0);
    s.of_row.push_back(found->second);
    s.place.push_back(s.keys[static_cast<size_t>(found->second)]++);
  }
  return s;
}

struct BidirectionalNode {
  AttentionShape attributes;  // head_dim comes with q
  bool is_packed;

  void operator()(Context& run) const {
    const Tensor &q = run.input(0), &k = run.input(1), &v = run.input(2), &rows = run.input(3);
    AttentionShape shape = attributes;
    shape.kv.head_dim = q.rank() == 3 ? q.dim(2) / shape.heads : 0;
    check(shape, q, k, v, rows);
    float* y = run.output(0, DataType::kFloat, q.dims()).mutable_data<float>();
    const Sequences sequences = is_packed ? packed(rows) : masked(rows);
    attend(run, shape, sequences, y);
  }

  void check(const AttentionShape& shape, const Tensor& q, const Tensor& k, const Tensor& v,
             const Tensor& rows) const {
    const int64_t dim = shape.kv.head_dim, kv_width = shape.kv.kv_heads * dim;
    const bool fits = q.rank() == 3 && dim > 0 && q.dim(2) == shape.heads * dim &&
                      k.dims() == exec::Dims{q.dim(0), q.dim(1), kv_width} && v.dims() == k.dims() &&
                      rows.dims() == exec::Dims{q.dim(0), q.dim(1)} && (!is_packed || q.dim(1) == 1);
    if (!fits) {
      throw Error(ErrorCode::kInvalidArgument,
                  fmt::format("q {}, k {}, v {} and {} {} do not fit {} heads that share {}", q.dims().text(),
                              k.dims().text(), v.dims().text(), is_packed ? "batch_index" : "attention_mask",
                              rows.dims().text(), shape.heads, shape.kv.kv_heads));
    }
    if (dim > kLargestHead) {
      throw Error(ErrorCode::kNotSupported,
                  fmt::format("head_dim is {}, at most {} is implemented", dim, kLargestHead));
    }
  }

  static void attend(Context& run, const AttentionShape& shape, const Sequences& sequences, float* y) {
    Step& step = step_of(run);
    const float *q = run.input(0).data<float>(), *k = run.input(1).data<float>(),
                *v = run.input(2).data<float>();
    const int64_t width = shape.heads * shape.kv.head_dim, kv_width = shape.kv.kv_heads * shape.kv.head_dim;
    const auto rows = static_cast<int64_t>(sequences.of_row.size());
    std::vector<int64_t> first_block;  // of each sequence
    int64_t blocks = 0;
    for (const int64_t keys : sequences.keys) {
      first_block.push_back(blocks);
      blocks += (keys + kBlockTokens - 1) / kBlockTokens;
    }
    const int64_t block_floats = kv_block_floats(shape.kv);
    Tensor memory = run.scratch(DataType::kFloat, {blocks * block_floats});
    std::vector<float*> table;
    for (int64_t i = 0; i < blocks; ++i) table.push_back(memory.mutable_data<float>() + i * block_floats);

    find_items(step, sequences, first_block, table.data(), q, y, width);
    write_and_attend(run, step, shape, rows, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        const int64_t place = sequences.place[static_cast<size_t>(row)];
        if (place < 0) continue;
        const int64_t first = first_block[static_cast<size_t>(sequences.of_row[static_cast<size_t>(row)])];
        kv_append(shape.kv, place, k + row * kv_width, v + row * kv_width,
                  table[static_cast<size_t>(first + place / kBlockTokens)]);
      }
    });
  }

  /// Neighbours of one sequence are one item. Rows of a sequence without any key see nothing: zero.
  static void find_items(Step& step, const Sequences& sequences, const std::vector<int64_t>& first_block,
                         float* const* table, const float* q, float* y, int64_t width) {
    std::vector<AttentionRows>& items = step.attention_items;
    items.clear();
    int64_t last = -1;
    for (size_t row = 0; row < sequences.of_row.size(); ++row) {
      const int64_t sequence = sequences.of_row[row];
      const int64_t keys = sequences.keys[static_cast<size_t>(sequence)];
      const int64_t offset = static_cast<int64_t>(row) * width;
      if (keys == 0) {
        std::memset(y + offset, 0, static_cast<size_t>(width) * sizeof(float));
      } else if (sequence == last) {
        ++items.back().rows;
      } else {
        items.push_back({table + first_block[static_cast<size_t>(sequence)], 0, 1, q + offset, width,
                         y + offset, width, keys});
      }
      last = keys == 0 ? -1 : sequence;
    }
  }
};

exec::Kernel compile_bidirectional(exec::NodeSpec& node) {
  node.expect_inputs(4, 4);
  return BidirectionalNode{attention_shape(node, 0), node.node().op_type == "PackedAttention"};
}

}  // namespace

void add_bidirectional_attention(exec::KernelRegistry& registry) {
  registry.add(graph::kTesseraDomain, "BidirectionalAttention", 1, compile_bidirectional);
  registry.add(graph::kTesseraDomain, "PackedAttention", 1, compile_bidirectional);
}

}  // namespace tessera::cpu
