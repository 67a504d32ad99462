/// Determinism on compiled shapes, by the stand-in: bits at float32, and what is left of it where each shape
/// has noise of its own.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <span>

#include "tests/runtime/api/determinism_run.hpp"
#include "tests/runtime/api/golden_cases.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

DeterminismRun::Setup on_standin(const char* model) {
  DeterminismRun::Setup setup{.model = model_folder(model).string(), .draft = model_folder(model).string()};
  setup.new_tokens = 18;
  setup.compile.backend = "qaic";
  setup.compile.num_cores = 4;
  setup.compile.ctx_len = kDeterminismContext;
  setup.compile.backend_options = {{"sdk", std::getenv("TESSERA_QAIC_STANDIN")},
                                   {"precision", "fp32"},
                                   {"timeout-ms", "600000"},  // no run is late on a machine that is busy
                                   {"full-batch-size", "6"},
                                   {"prefill-seq-len", "32"}};
  return setup;
}

const Regime kCardRegimes[] = {
    {.name = "alone", .order = Order::kAlone},
    {.name = "together"},
    {.name = "backwards, three at once", .order = Order::kBackwards, .settings = {.max_num_seqs = 3}},
    {.name = "with cancels beside them", .cancels = true},
    {.name = "prefill of 8, two between decode runs",
     .settings = {.max_prefill_runs = 2},
     .options = {{"prefill-seq-len", "8"}}},
    {.name = "more slots than rows", .options = {{"full-batch-size", "3"}, {"kv-cache-batch-size", "8"}}},
    {.name = "a plain batch", .options = {{"full-batch-size", "0"}, {"batch-size", "4"}}},
    {.name = "no prefix reuse", .settings = {.prefix_caching = false}, .rounds = 2},
    {.name = "waiting for memory", .settings = {.preempt = false, .kv_tokens = 160}},
    {.name = "by priority", .settings = {.max_num_seqs = 4, .scheduling_policy = "priority"}},
    {.name = "prompt lookup", .settings = {.speculation = "prompt-lookup"}},
    {.name = "prompt lookup, alone, lengths 2 and 5",
     .order = Order::kAlone,
     .settings = {.speculation = "prompt-lookup", .num_speculative_tokens = {0, 2, 5}}},
    {.name = "prompt lookup, always 3, more slots than rows",
     .settings = {.speculation = "prompt-lookup", .num_speculative_tokens = {3, 4}},
     .options = {{"full-batch-size", "3"}, {"kv-cache-batch-size", "8"}}},
    {.name = "draft", .settings = {.speculation = "draft"}},
    {.name = "draft, lengths 1 and 4, a plain batch",
     .settings = {.speculation = "draft", .num_speculative_tokens = {0, 1, 4}},
     .options = {{"full-batch-size", "0"}, {"batch-size", "4"}}},
};

/// Too little memory for texts that grow.
const Regime kTightRegimes[] = {
    {.name = "preempted", .settings = {.kv_tokens = 256}},
    {.name = "prompt lookup, preempted",
     .settings = {.kv_tokens = 256, .speculation = "prompt-lookup"},
     .cancels = true},
    {.name = "draft, preempted", .settings = {.kv_tokens = 256, .speculation = "draft"}, .cancels = true},
};

class CardDeterminism : public testing::TestWithParam<const char*> {};

/// Runs them all against the first request after the other, alone.
void expect_one_text(const DeterminismRun::Setup& setup, std::span<const Regime> regimes) {
  DeterminismRun run(setup);
  const std::vector<SaidText> expected =
      run.run({.name = "", .order = Order::kAlone, .settings = {.prefix_caching = false}});
  for (const Regime& regime : regimes) {
    SCOPED_TRACE(regime.name);
    const std::vector<SaidText> texts = run.run(regime);
    for (size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(texts[i].tokens, expected[i].tokens) << i;
      EXPECT_EQ(texts[i].logits_hash, expected[i].logits_hash) << i;
    }
    const std::string_view name = regime.name;
    const EngineStatistics& statistics = run.statistics();
    EXPECT_EQ(statistics.preemptions > 0, name.ends_with("preempted"));
    EXPECT_EQ(statistics.speculation.drafts > 0, regime.settings.speculation != "off");
    EXPECT_EQ(statistics.speculation_error, "");
    if (regime.settings.speculation == "draft") {  // the same model, noise and history
      EXPECT_EQ(statistics.speculation.accepted_tokens, statistics.speculation.draft_tokens);
    }
    EXPECT_EQ(statistics.forks, 0U);
    if (name == "alone") {
      EXPECT_GT(statistics.resumes, 5U);
    }
  }
}

TEST(CardDeterminismAtFp32, OneTextAndOneHashOfItsLogitsInEveryRegime) {
  expect_one_text(on_standin("llama-stories260k"), kCardRegimes);
}

TEST_P(CardDeterminism, PreemptedOrNot) {
  DeterminismRun::Setup setup = on_standin(GetParam());
  setup.requests = 8;
  setup.new_tokens = 90;
  expect_one_text(setup, kTightRegimes);
}

INSTANTIATE_TEST_SUITE_P(Models, CardDeterminism, testing::Values("llama-stories260k", "mistral-tiny"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

/// Each compiled shape is off by other parts of a millionth.
constexpr double kNoise = 3000e-6;

class NoisyCard : public testing::Test {
 protected:
  NoisyCard() { setenv("QAIC_STANDIN_SCRIPT", folder_.write("script", "noise-ppm 3000\n").c_str(), 1); }
  ~NoisyCard() override { unsetenv("QAIC_STANDIN_SCRIPT"); }

  TemporaryFolder folder_;
};

TEST_F(NoisyCard, TextDiffersOnlyWhereTheTwoBestLogitsAreNearerThanTheNoise) {
  DeterminismRun::Setup setup = on_standin("llama-stories260k");
  setup.requests = 12;
  setup.new_tokens = 40;  // long enough to repeat itself
  DeterminismRun run(setup);
  const std::vector<SaidText> plain = run.run({.name = "", .order = Order::kAlone});
  const std::vector<SaidText> drafted =
      run.run({.name = "", .order = Order::kAlone, .settings = {.speculation = "prompt-lookup"}});
  size_t other_bits = 0, other_texts = 0;
  for (size_t i = 0; i < plain.size(); i += 2) {  // the greedy ones
    other_bits += plain[i].logits_hash != drafted[i].logits_hash ? 1 : 0;
    const auto [a, b] = std::mismatch(plain[i].tokens.begin(), plain[i].tokens.end(),
                                      drafted[i].tokens.begin(), drafted[i].tokens.end());
    if (a == plain[i].tokens.end()) continue;
    ++other_texts;
    // Both of the best may be off in both shapes.
    EXPECT_LE(plain[i].gaps[static_cast<size_t>(a - plain[i].tokens.begin())], 4 * kNoise) << i;
  }
  EXPECT_GT(other_bits, 0U);
  EXPECT_LT(other_texts, 6U);
}

TEST_F(NoisyCard, SaysTheSameAgainWhenTheSameRequestsComeAgain) {
  DeterminismRun::Setup setup = on_standin("llama-stories260k");
  setup.requests = 6;
  DeterminismRun run(setup);
  for (const char* speculation : {"off", "prompt-lookup", "draft"}) {
    const Regime regime{.name = "", .order = Order::kAlone, .settings = {.speculation = speculation}};
    const std::vector<SaidText> first = run.run(regime);
    EXPECT_EQ(run.run(regime), first) << speculation;
  }
}

}  // namespace
}  // namespace tessera::test
