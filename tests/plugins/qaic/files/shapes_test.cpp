#include "plugins/qaic/files/shapes.hpp"

#include <string>

#include "tests/core/graph/test_graph.hpp"

namespace tessera::qaic {
namespace {

using graph::testing_graph::error_of;

struct Contradiction {
  const char* name;
  DecoderShapes shapes;
  const char* message;
};
class Shapes : public testing::TestWithParam<Contradiction> {};

TEST_P(Shapes, RefuseContradictions) {
  EXPECT_EQ(error_of([] { check_shapes(GetParam().shapes); }).message(), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    All, Shapes,
    testing::Values(
        Contradiction{
            "context", {.prefill_seq_len = 64, .ctx_len = 32}, "ctx_len is 32, below prefill_seq_len, 64"},
        Contradiction{"positions",
                      {.ctx_len = 600, .max_positions = 512},
                      "ctx_len is 600, the model's position table has 512 rows"},
        Contradiction{"positions_ccl",
                      {.ctx_len = 500, .ccl_enabled = true, .max_positions = 512},
                      "ctx_len is 1024 after rounding, the model's position table has 512 rows"},
        Contradiction{"k_without_target",
                      {.num_speculative_tokens = {3}},
                      "num_speculative_tokens is given, but the model is no speculative target"},
        Contradiction{"target_without_k",
                      {.speculative_target = true},
                      "a speculative target needs num_speculative_tokens"},
        Contradiction{"short_prefill",
                      {.prefill_seq_len = 4, .speculative_target = true, .num_speculative_tokens = {2, 4}},
                      "prefill_seq_len is 4, shorter than num_speculative_tokens + 1, 5"},
        Contradiction{"rows",
                      {.full_batch_size = 8, .kv_cache_batch_size = 4},
                      "8 rows decode at once, but there are 4 slots"},
        Contradiction{"slots_alone",
                      {.kv_cache_batch_size = 4},
                      "kv_cache_batch_size is given without continuous batching"},
        Contradiction{"two_batches",
                      {.batch_size = 2, .full_batch_size = 4},
                      "batch_size is 2 beside full_batch_size, 4"},
        Contradiction{"ccl_target",
                      {.speculative_target = true, .num_speculative_tokens = {3}, .ccl_enabled = true},
                      "compute context lengths do not go with a speculative target"},
        Contradiction{"lists_alone",
                      {.comp_ctx_lengths_decode = {1024}},
                      "comp_ctx_lengths_decode is given without ccl_enabled"},
        Contradiction{"zero", {.prefill_seq_len = 0}, "prefill_seq_len is 0, expected 1 or more"},
        Contradiction{"negative_k",
                      {.speculative_target = true, .num_speculative_tokens = {-1}},
                      "num_speculative_tokens is -1, expected 0 or more"}),
    [](const auto& info) { return std::string(info.param.name); });

TEST(ContextLengths, AreThoseOfEfficientTransformers) {
  using List = std::vector<int64_t>;
  struct Row {
    int64_t ctx_len, rounded;
    List prefill, decode;
  };
  for (const Row& row : {Row{4096, 4096, {4064}, {4096}}, Row{8192, 8192, {4000, 8160}, {4096, 8192}},
                         Row{32768, 32768, {4000, 8000, 16000, 32736}, {4096, 8192, 16384, 32768}},
                         Row{131072, 131072, {16000, 32000, 64000, 131040}, {16384, 32768, 65536, 131072}},
                         Row{5000, 5120, {4000, 5088}, {4096, 5120}}}) {
    const ContextLengths made =
        context_lengths({.prefill_seq_len = 128, .ctx_len = row.ctx_len, .ccl_enabled = true});
    EXPECT_EQ(made.ctx_len, row.rounded);
    EXPECT_EQ(made.prefill, row.prefill) << row.ctx_len;
    EXPECT_EQ(made.decode, row.decode) << row.ctx_len;
  }
  const ContextLengths one = context_lengths({.prefill_seq_len = 1, .ctx_len = 8192, .ccl_enabled = true});
  EXPECT_EQ(one.prefill, one.decode);
}

TEST(ContextLengths, OfTheUserAreCompleted) {
  const ContextLengths made = context_lengths({.prefill_seq_len = 128,
                                               .ctx_len = 4096,
                                               .ccl_enabled = true,
                                               .comp_ctx_lengths_prefill = {2048, 100},
                                               .comp_ctx_lengths_decode = {2048, 9000}});
  EXPECT_EQ(made.decode, (std::vector<int64_t>{2048, 4096}));
  EXPECT_EQ(made.prefill, (std::vector<int64_t>{1024, 2016, 4064}));
}

}  // namespace
}  // namespace tessera::qaic
