#include "plugins/cpu/kernels/attention.hpp"

#include <algorithm>
#include <memory>

#include "plugins/cpu/threads/thread_pool.hpp"
#include "random_floats.hpp"

namespace tessera::cpu {
namespace {

/// A slot with random queries, keys and values at positions 0 .. tokens - 1, its blocks filled with NaN
/// before.
class Slot {
 public:
  Slot(const AttentionShape& shape, int64_t tokens, uint32_t seed)
      : shape_(shape),
        tokens_(tokens),
        q_(random_floats(tokens * shape.heads * shape.kv.head_dim, seed)),
        k_(random_floats(tokens * shape.kv.kv_heads * shape.kv.head_dim, seed + 1)),
        v_(random_floats(tokens * shape.kv.kv_heads * shape.kv.head_dim, seed + 2)) {
    for (float& q : q_) q *= 4.0f;  // scores far enough apart that the running maximum moves
    for (int64_t b = 0; b * kBlockTokens < tokens; ++b) {
      blocks_.push_back(std::make_unique<Aligned>(kv_block_floats(shape.kv)));
      float* block = blocks_.back()->data();
      std::fill(block, block + kv_block_floats(shape.kv), std::numeric_limits<float>::quiet_NaN());
      table_.push_back(block);
    }
    for (int64_t t = 0; t < tokens; ++t) append(t);
  }

  void append(int64_t t) {
    kv_append(shape_.kv, t, key(t, 0), value(t, 0), blocks_[static_cast<size_t>(t / kBlockTokens)]->data());
  }

  int64_t width() const { return shape_.heads * shape_.kv.head_dim; }
  const float* query(int64_t t) const { return q_.data() + t * width(); }
  const float* key(int64_t t, int64_t head) const { return at(k_, t, head); }
  const float* value(int64_t t, int64_t head) const { return at(v_, t, head); }
  int64_t tokens() const { return tokens_; }

  AttentionRows rows(int64_t begin, int64_t end, float* out) const {
    return {table_.data(), begin, end - begin, query(begin), width(), out, width()};
  }

 private:
  const float* at(const std::vector<float>& values, int64_t t, int64_t head) const {
    return values.data() + (t * shape_.kv.kv_heads + head) * shape_.kv.head_dim;
  }
  AttentionShape shape_;
  int64_t tokens_;
  std::vector<float> q_, k_, v_;
  std::vector<std::unique_ptr<Aligned>> blocks_;
  std::vector<const float*> table_;
};

void attend_all(const KernelTable& table, const AttentionShape& shape,
                const std::vector<AttentionRows>& items, int threads = 1) {
  std::vector<AttentionTask> tasks;
  plan_attention(shape, items.data(), static_cast<int64_t>(items.size()), tasks);
  ThreadPool pool(threads);
  pool.run([&](Team& team) {
    Aligned scratch(attention_scratch_floats(shape));
    team.for_each_dynamic(static_cast<int64_t>(tasks.size()), [&](int64_t begin, int64_t) {
      const AttentionTask& task = tasks[static_cast<size_t>(begin)];
      table.attend(shape, items[static_cast<size_t>(task.item)], task.kv_head, task.row_begin, task.row_end,
                   scratch.data());
    });
  });
}

/// The whole slot in one call.
std::vector<float> prefill(const KernelTable& table, const AttentionShape& shape, const Slot& slot) {
  std::vector<float> out(static_cast<size_t>(slot.tokens() * slot.width()), -77.0f);
  attend_all(table, shape, {slot.rows(0, slot.tokens(), out.data())});
  return out;
}

/// One output row in F64, straight from the definition.
std::vector<double> naive_row(const AttentionShape& shape, const Slot& slot, int64_t position, int64_t head) {
  const int64_t dim = shape.kv.head_dim, kv_head = head / (shape.heads / shape.kv.kv_heads);
  const int64_t oldest = shape.window > 0 ? std::max<int64_t>(0, position - shape.window + 1) : 0;
  std::vector<double> scores, out(static_cast<size_t>(dim), 0.0);
  for (int64_t j = oldest; j <= position; ++j) {
    double score = 0.0;
    for (int64_t d = 0; d < dim; ++d) {
      score += double{slot.query(position)[head * dim + d]} * slot.key(j, kv_head)[d];
    }
    scores.push_back(score * shape.scale);
  }
  const double top = *std::max_element(scores.begin(), scores.end());
  double total = 0.0;
  for (double& score : scores) total += score = std::exp(score - top);
  for (int64_t j = oldest; j <= position; ++j) {
    const double weight = scores[static_cast<size_t>(j - oldest)] / total;
    for (int64_t d = 0; d < dim; ++d) out[static_cast<size_t>(d)] += weight * slot.value(j, kv_head)[d];
  }
  return out;
}

AttentionShape shape_of(int64_t heads, int64_t kv_heads, int64_t dim, int64_t window = 0) {
  return {{kv_heads, dim}, heads, 1.0f / std::sqrt(static_cast<float>(dim)), window};
}

const AttentionShape kShapes[] = {
    shape_of(4, 4, 8),     shape_of(8, 2, 64),     shape_of(6, 2, 24),     shape_of(3, 1, 40),
    shape_of(2, 1, 7),     shape_of(2, 2, 256),    shape_of(50, 1, 16),    shape_of(4, 2, 64, 1),
    shape_of(4, 2, 64, 5), shape_of(4, 2, 64, 64), shape_of(4, 2, 64, 70), shape_of(14, 1, 64, 129),
};

/// The portable tier computes the same from the same source, a hundred times slower: it gets the small
/// shapes.
class Attention : public EveryTier {
 protected:
  std::vector<AttentionShape> shapes() const {
    std::vector<AttentionShape> chosen;
    for (const AttentionShape& shape : kShapes) {
      if (GetParam() == Isa::kPortable && shape.heads * shape.kv.head_dim > 150 && shape.window != 5)
        continue;
      chosen.push_back(shape);
    }
    return chosen;
  }
};

TEST_P(Attention, FollowsTheDefinition) {
  for (const AttentionShape& shape : shapes()) {
    const Slot slot(shape, 140, 1);
    const std::vector<float> out = prefill(table(), shape, slot);
    for (int64_t position : {0, 1, 31, 63, 64, 65, 100, 139}) {
      for (int64_t head = 0; head < shape.heads; ++head) {
        const std::vector<double> expected = naive_row(shape, slot, position, head);
        const float* got = out.data() + position * slot.width() + head * shape.kv.head_dim;
        for (size_t d = 0; d < expected.size(); ++d) {
          ASSERT_NEAR(got[d], expected[d], 2e-6) << "position " << position << " head " << head << " dim "
                                                 << shape.kv.head_dim << " window " << shape.window;
        }
      }
    }
  }
}

TEST_P(Attention, GivesARowTheSameBitsInEveryChunking) {
  for (const AttentionShape& shape : shapes()) {
    const Slot slot(shape, 150, 2);
    const std::vector<float> all = prefill(table(), shape, slot);
    for (int64_t chunk : {1, 2, 7, 64, 100}) {
      std::vector<float> out(all.size(), -77.0f);
      std::vector<AttentionRows> items;
      for (int64_t begin = 0; begin < 150; begin += chunk) {
        items.push_back(
            slot.rows(begin, std::min<int64_t>(150, begin + chunk), out.data() + begin * slot.width()));
      }
      attend_all(table(), shape, items, chunk == 7 ? 2 : 1);
      ASSERT_TRUE(same_bits(out, all))
          << "chunk " << chunk << " dim " << shape.kv.head_dim << " window " << shape.window;
    }
  }
}

TEST_P(Attention, GivesTheBitsOfThePortableTier) {
  for (const AttentionShape& shape : shapes()) {
    const Slot slot(shape, 80, 3);
    EXPECT_TRUE(same_bits(prefill(table(), shape, slot), prefill(kernels(Isa::kPortable), shape, slot)));
  }
}

TEST_P(Attention, RowsOfEncodersSeeAllKeysWhereverTheyStand) {
  for (const AttentionShape& shape : shapes()) {
    if (shape.window > 0) continue;
    const Slot slot(shape, 130, 8);
    std::vector<float> out(static_cast<size_t>(130 * slot.width()), -77.0f);
    AttentionRows together = slot.rows(0, 130, out.data());
    together.keys = 130;
    attend_all(table(), shape, {together}, 2);
    // A causal row at the last position sees the same keys.
    for (int64_t t : {0, 5, 63, 64, 129}) {
      std::vector<float> alone(static_cast<size_t>(slot.width()));
      AttentionRows row = slot.rows(t, t + 1, alone.data());
      row.position = 129;
      attend_all(table(), shape, {row});
      const auto got = out.begin() + t * slot.width();
      EXPECT_TRUE(same_bits({got, got + slot.width()}, alone)) << "row " << t;
    }
  }
}

TEST_P(Attention, MixesSlotsAndPhasesInOneStep) {
  const AttentionShape shape = shape_of(8, 2, 64);
  const Slot a(shape, 130, 4), b(shape, 70, 5), c(shape, 65, 6);
  const std::vector<float> all_a = prefill(table(), shape, a), all_b = prefill(table(), shape, b),
                           all_c = prefill(table(), shape, c);
  const int64_t width = a.width();
  std::vector<float> out(static_cast<size_t>(42 * width));
  attend_all(table(), shape,
             {a.rows(129, 130, out.data()), b.rows(30, 70, out.data() + width),
              c.rows(64, 65, out.data() + 41 * width)},
             2);
  EXPECT_TRUE(same_bits({out.begin(), out.begin() + width}, {all_a.end() - width, all_a.end()}));
  EXPECT_TRUE(
      same_bits({out.begin() + width, out.begin() + 41 * width}, {all_b.begin() + 30 * width, all_b.end()}));
  EXPECT_TRUE(same_bits({out.begin() + 41 * width, out.end()}, {all_c.end() - width, all_c.end()}));
}

TEST_P(Attention, DoesNotSeeWhatLiesBehindTheWindow) {
  const AttentionShape shape = shape_of(4, 2, 64, 70);
  Slot slot(shape, 150, 7);
  std::vector<float> before(static_cast<size_t>(slot.width())), after(before.size());
  attend_all(table(), shape, {slot.rows(149, 150, before.data())});
  const std::vector<float> poison(static_cast<size_t>(2 * 64), std::numeric_limits<float>::quiet_NaN());
  AttentionRows rows = slot.rows(149, 150, after.data());
  for (int64_t t = 64; t < 80; ++t) {
    kv_append(shape.kv, t, poison.data(), poison.data(), const_cast<float*>(rows.blocks[t / kBlockTokens]));
  }
  // Blocks that no row sees are not looked at.
  std::vector<const float*> table_without_first = {nullptr, rows.blocks[1], rows.blocks[2]};
  rows.blocks = table_without_first.data();
  attend_all(table(), shape, {rows});
  EXPECT_TRUE(same_bits(after, before));
}

INSTANTIATE_FOR_EVERY_TIER(Attention);

TEST(KvCopy, CopiesTheNamedTokensAndNoOthers) {
  const KvShape shape = {2, 24};
  Aligned from(kv_block_floats(shape)), to(kv_block_floats(shape)), expected(kv_block_floats(shape));
  const std::vector<float> keys = random_floats(64 * 48, 8), values = random_floats(64 * 48, 9);
  for (int64_t t = 0; t < 64; ++t)
    kv_append(shape, t, keys.data() + t * 48, values.data() + t * 48, from.data());
  for (int64_t t = 3; t < 40; ++t)
    kv_append(shape, t, keys.data() + t * 48, values.data() + t * 48, expected.data());
  kv_copy(shape, 3, 40, from.data(), to.data());
  const auto vector_of = [&](Aligned& a) {
    return std::vector<float>(a.data(), a.data() + kv_block_floats(shape));
  };
  EXPECT_TRUE(same_bits(vector_of(to), vector_of(expected)));
}

}  // namespace
}  // namespace tessera::cpu
