/// The graphs compute what the pure graph computes, in float32, whatever stands in the padding.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tessera/sdk/error.hpp"
#include "tests/plugins/qaic/graphs/card.hpp"

namespace tessera::qaic {
namespace {

constexpr int64_t kContext = 96;

std::vector<int64_t> range(int64_t first, int64_t last) {
  std::vector<int64_t> values;
  for (int64_t i = first; i < last; ++i) values.push_back(i);
  return values;
}

CardRow part(const std::vector<int64_t>& ids, int64_t first, int64_t last, int64_t slot = 0) {
  last = std::min(last, static_cast<int64_t>(ids.size()));
  first = std::min(first, last);
  return {{ids.begin() + first, ids.begin() + last}, range(first, last), slot};
}

/// What a model is tested as: its graph, and who decides what an index means.
struct Case {
  const char* model;
  bool slots;
  bool inlined;  ///< bodies in standard operators, indices guarded; else the cpu backend's kernels
};
void PrintTo(const Case& c, std::ostream* out) {
  *out << c.model << (c.slots ? ", slots" : "") << (c.inlined ? ", inlined" : "");
}

class Numerics : public testing::TestWithParam<Case> {
 protected:
  LoadedModel& model() const { return tiny_model(GetParam().model); }
  int64_t vocab() const { return model().facts().vocab_size; }

  Card card(DecoderGraph graph, int64_t rows, int64_t ctx_len = kContext) const {
    graph.continuous_batching = GetParam().slots;
    graph.guard_indices = GetParam().inlined;
    return Card(model(), graph_after(model(), decoder_passes(graph)), rows, ctx_len, GetParam().inlined);
  }

  /// `actual` against the pure graph's logits of positions first, first + 1, ... of `ids`.
  void expect_logits(const std::vector<float>& actual, const std::vector<int64_t>& ids, int64_t first) const {
    const std::vector<float> expected = pure_logits(model(), ids);
    ASSERT_LE(static_cast<size_t>(first * vocab()) + actual.size(), expected.size());
    float largest = 0, worst = 0;
    for (size_t i = 0; i < actual.size(); ++i) {
      const float wanted = expected[static_cast<size_t>(first * vocab()) + i];
      ASSERT_TRUE(std::isfinite(actual[i])) << "element " << i;
      largest = std::max(largest, std::abs(wanted));
      worst = std::max(worst, std::abs(actual[i] - wanted));
    }
    EXPECT_LE(worst, 2e-5f * largest) << "position " << first;
  }
};

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const char* model : {"llama3-tiny", "mistral-tiny", "gpt2-tiny"}) {
    for (const bool slots : {false, true}) {
      for (const bool inlined : {false, true}) all.push_back({model, slots, inlined});
    }
  }
  return all;
}
INSTANTIATE_TEST_SUITE_P(All, Numerics, testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = std::string(info.param.model) + (info.param.slots ? "_slots" : "_batch") +
                     (info.param.inlined ? "_inlined" : "_kernels");
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST_P(Numerics, PromptInChunksThenDecode) {
  const std::vector<int64_t> ids = sample_ids(70);
  Card c = card({}, 1);
  std::vector<float> last;
  for (int64_t first = 0; first < 64; first += 32) last = c.run({{part(ids, first, first + 32)}})[0];
  expect_logits(last, ids, 63);
  for (int64_t position = 64; position < 70; ++position)
    last = c.run({{part(ids, position, position + 1)}})[0];
  expect_logits(last, ids, 69);
}

// The second chunk of the short prompt is padding only: its row must disturb neither itself nor the other.
TEST_P(Numerics, PromptsOfUnequalLengthInOneBatch) {
  const std::vector<int64_t> long_ids = sample_ids(45), short_ids = sample_ids(9, 1);
  Card c = card({}, 2);
  const auto first = c.run({{part(long_ids, 0, 32, 0), part(short_ids, 0, 32, 1)}});
  expect_logits(first[1], short_ids, 8);
  const auto second = c.run({{part(long_ids, 32, 64, 0), part(short_ids, 9, 64, 1)}, 0, 0, 32});
  expect_logits(second[0], long_ids, 44);
  std::vector<int64_t> longer = short_ids;
  longer.push_back(77);
  const auto third = c.run({{{{3}, {45}, 0}, {{77}, {9}, 1}}});
  expect_logits(third[1], longer, 9);
}

TEST_P(Numerics, PaddingWritesNothing) {
  Card c = card({}, 2);
  const std::vector<int64_t> ids = sample_ids(5);
  c.run({{part(ids, 0, 5, 0), part(ids, 0, 0, 1)}});
  const std::vector<float>& state = c.state("past_key.0");
  const size_t half = state.size() / 2;
  EXPECT_TRUE(std::all_of(state.begin() + static_cast<std::ptrdiff_t>(half), state.end(),
                          [](float x) { return x == 1e4f; }));
  EXPECT_EQ(std::count(state.begin(), state.begin() + static_cast<std::ptrdiff_t>(half), 1e4f),
            static_cast<std::ptrdiff_t>(half / kContext * (kContext - 5)));
}

TEST_P(Numerics, TargetGivesTheNewestLogits) {
  const std::vector<int64_t> ids = sample_ids(20);
  Card c = card({.speculative_target = true}, 1);
  expect_logits(c.run({{part(ids, 0, 16)}, 1})[0], ids, 15);
  expect_logits(c.run({{part(ids, 16, 20)}, 4})[0], ids, 16);
}

// K + 1 equals the prompt's length, and the prefill's columns.
TEST_P(Numerics, TargetWhosePromptIsAsLongAsItsProposals) {
  const std::vector<int64_t> ids = sample_ids(4);
  Card c = card({.speculative_target = true}, 1);
  expect_logits(c.run({{part(ids, 0, 4)}, 4})[0], ids, 0);
}

TEST_P(Numerics, TargetBesidePadding) {
  const std::vector<int64_t> ids = sample_ids(6);
  Card c = card({.speculative_target = true}, 1);
  expect_logits(c.run({{part(ids, 0, 6)}, 3, 0, 16})[0], ids, 3);
}

TEST_P(Numerics, RejectedProposalsAreOverwritten) {
  const std::vector<int64_t> ids = sample_ids(14);
  Card c = card({.speculative_target = true}, 1);
  c.run({{part(ids, 0, 8)}, 1});
  c.run({{{{1, 2, 3, 4}, range(8, 12), 0}}, 4});
  expect_logits(c.run({{part(ids, 8, 12)}, 4})[0], ids, 8);
}

TEST_P(Numerics, ComputeContextLengthsReadTheFirstPositionsOnly) {
  const std::vector<int64_t> ids = sample_ids(50);
  Card c = card({.ccl = true}, 1);
  expect_logits(c.run({{part(ids, 0, 24)}, 0, 32})[0], ids, 23);
  expect_logits(c.run({{part(ids, 24, 48)}, 0, 64})[0], ids, 47);
  expect_logits(c.run({{part(ids, 48, 49)}, 0, kContext})[0], ids, 48);
}

TEST_P(Numerics, TheLastPositionOfTheContext) {
  const std::vector<int64_t> ids = sample_ids(17);
  Card c = card({}, 1, 16);
  expect_logits(c.run({{part(ids, 0, 16)}})[0], ids, 15);
  // With guarded indices the first position beyond falls into the added row; the second leaves that, too.
  const int64_t beyond = GetParam().inlined ? 17 : 16;
  EXPECT_THROW(c.run({{{{1}, {beyond}, 0}}}), Error);
}

// A slot that nobody uses in this step has batch_index -1 and position -1.
TEST_P(Numerics, UnusedRowsNameNoSlot) {
  if (!GetParam().slots) GTEST_SKIP() << "a batch without slots has no batch_index";
  const std::vector<int64_t> ids = sample_ids(9);
  Card c = card({}, 3);
  c.run({{part(ids, 0, 8, 1)}});
  const auto logits = c.run({{{{0}, {-1}, -1}, part(ids, 8, 9, 1)}});
  expect_logits(logits[1], ids, 8);
}

TEST_P(Numerics, OneTokenMoreThanTheTableHas) {
  Card c = card({.rotary_rows = 16}, 1, 32);
  const std::vector<int64_t> ids = sample_ids(17);
  expect_logits(c.run({{part(ids, 0, 16)}})[0], ids, 15);
  if (std::string(GetParam().model) != "gpt2-tiny") {
    EXPECT_THROW(c.run({{part(ids, 16, 17)}}), Error);
    return;
  }
  Card longer = card({}, 1, 260);  // its table is a weight of 256 rows
  EXPECT_NO_THROW(longer.run({{{{5}, {255}, 0}}}));
  EXPECT_THROW(longer.run({{{{5}, {256}, 0}}}), Error);
}

// At temperature 0 and without penalties the token is that of the largest logit, in prefill and decode.
TEST_P(Numerics, TheDeviceSamplerTakesTheLargestLogit) {
  const std::vector<int64_t> ids = sample_ids(40), other = sample_ids(7, 1);
  Card c = card({.sampler = GraphSampler{.max_top_k_ids = 64}}, 2);
  const auto largest = [&](const std::vector<int64_t>& tokens) {
    const std::vector<float> logits = pure_logits(model(), tokens);
    return std::max_element(logits.end() - vocab(), logits.end()) - (logits.end() - vocab());
  };
  c.next_tokens({{part(ids, 0, 32, 0), part(other, 0, 32, 1)}});
  const std::vector<int64_t> made = c.next_tokens({{part(ids, 32, 39, 0), part(other, 32, 39, 1)}});
  EXPECT_EQ(made[0], largest({ids.begin(), ids.begin() + 39}));
  std::vector<int64_t> longer = other;
  longer.push_back(77);
  const std::vector<int64_t> next = c.next_tokens({{part(ids, 39, 40, 0), {{77}, {7}, 1}}});
  EXPECT_EQ(next[0], largest(ids));
  EXPECT_EQ(next[1], largest(longer));
}

// Without the guard, plain ONNX refuses the index that the card skips.
TEST(GuardIndices, IsWhatPlainOnnxNeeds) {
  LoadedModel& model = tiny_model("llama3-tiny");
  Card c(model, graph_after(model, decoder_passes({})), 1, kContext, /*inlined=*/true);
  EXPECT_THROW(c.run({{{{5, 0}, {0, -1}, 0}}}), Error);
}

}  // namespace
}  // namespace tessera::qaic
