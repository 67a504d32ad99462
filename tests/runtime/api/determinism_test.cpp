/// The same request gives the same text and the same logits, bit for bit, in every regime of the engine.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/runtime/api/determinism_run.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::test {
namespace {

const Regime kRegimes[] = {
    {.name = "alone, two threads", .order = Order::kAlone},
    {.name = "together"},
    {.name = "backwards, three at once", .order = Order::kBackwards, .settings = {.max_num_seqs = 3}},
    {.name = "with cancels beside them", .cancels = true},
    {.name = "chunk 1", .settings = {.prefill_chunk = 1}},
    {.name = "chunk 7, one thread", .settings = {.prefill_chunk = 7}, .threads = 1},
    {.name = "chunk 64", .settings = {.prefill_chunk = 64}},
    {.name = "chunk 512", .settings = {.prefill_chunk = 512}},
    {.name = "found computed", .rounds = 2},
    {.name = "no prefix reuse", .settings = {.prefix_caching = false}, .rounds = 2},
    {.name = "preempted", .settings = {.max_num_seqs = 12, .kv_tokens = 256}},
    {.name = "waiting for memory", .settings = {.max_num_seqs = 12, .preempt = false, .kv_tokens = 256}},
    {.name = "by priority", .settings = {.max_num_seqs = 4, .scheduling_policy = "priority"}},
    {.name = "prompt lookup", .settings = {.speculation = "prompt-lookup"}},
    {.name = "prompt lookup, alone, one thread",
     .order = Order::kAlone,
     .settings = {.speculation = "prompt-lookup", .num_speculative_tokens = {3, 20}},
     .threads = 1},
    {.name = "prompt lookup, preempted",
     .settings = {.max_num_seqs = 12, .kv_tokens = 256, .speculation = "prompt-lookup"},
     .cancels = true},
    {.name = "draft", .settings = {.speculation = "draft"}},
    {.name = "draft, lengths 2 and 5, chunk 7, one thread",
     .settings = {.prefill_chunk = 7, .speculation = "draft", .num_speculative_tokens = {2, 5}},
     .threads = 1},
    {.name = "draft, preempted",
     .settings = {.max_num_seqs = 12, .kv_tokens = 256, .speculation = "draft"},
     .cancels = true},
    {.name = "fair", .settings = {.max_num_seqs = 4, .scheduling_policy = "fair"}},
};

class Determinism : public testing::TestWithParam<const char*> {
 protected:
  /// Drafts with one that often differs where there is one with the same tokenizer, else with the model
  /// itself.
  static DeterminismRun::Setup setup() {
    const std::string name = GetParam();
    return {.model = model_folder(GetParam()).string(),
            .draft = model_folder(name == "rope-dynamic" ? "rope-linear" : GetParam()).string()};
  }
};

TEST_P(Determinism, OneTextAndOneHashOfItsLogitsInEveryRegime) {
  DeterminismRun run(setup());
  const bool rope_length = run.model().facts().rope_length;
  const std::vector<SaidText> expected =
      run.run({.name = "", .order = Order::kAlone, .settings = {.prefix_caching = false}, .threads = 1});
  for (const SaidText& text : expected) EXPECT_GE(text.tokens.size(), 40U);
  for (const Regime& regime : kRegimes) {
    const std::vector<SaidText> texts = run.run(regime);
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(texts[i].tokens, expected[i].tokens) << regime.name << ", request " << i;
      EXPECT_EQ(texts[i].logits_hash, expected[i].logits_hash) << regime.name << ", request " << i;
    }
    const std::string_view name = regime.name;
    const EngineStatistics& statistics = run.statistics();
    if (name.ends_with("preempted")) {
      EXPECT_GT(statistics.preemptions, 0U);
    }
    EXPECT_EQ(statistics.speculation.drafts > 0, regime.settings.speculation != "off") << regime.name;
    if (name == "found computed" && !rope_length) {
      EXPECT_GT(statistics.prefix_hits, 500U);
    }
    if (name == "no prefix reuse" || rope_length) {
      EXPECT_EQ(statistics.prefix_hits, 0U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Determinism,
                         testing::Values("llama-stories260k", "mistral-tiny", "rope-dynamic"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tessera::test
