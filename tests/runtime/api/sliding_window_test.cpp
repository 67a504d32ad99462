/// Mistral's window as a ring of memory: steps of few rows, so that the ring is much shorter than the
/// context.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "runtime/engine/engine.hpp"
#include "runtime/generation/generation_sink.hpp"
#include "runtime/model/compiled_model.hpp"
#include "runtime/model/loaded_model.hpp"
#include "runtime/session/backend_session.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::test {
namespace {

constexpr uint64_t kFewRows = 16;  // window 48, context 512: two blocks of 64 positions serve all

class SlidingWindowGolden : public ::testing::Test {
 protected:
  LoadedModel loaded_{model_folder("mistral-tiny").string(), {}};
  CompiledModel compiled_{loaded_, {}};
  const GraphFacts& facts_ = loaded_.facts();

  BackendSession session(uint64_t max_rows, uint32_t slots = 1) const {
    return BackendSession(compiled_.program(), {.slots = slots,
                                                .ctx_len = static_cast<uint64_t>(facts_.max_positions),
                                                .max_rows = max_rows,
                                                .rope_length = false});
  }

  std::vector<float> logits(const std::vector<int64_t>& ids, uint64_t max_rows) const {
    BackendSession runner = session(max_rows);
    std::vector<float> all(ids.size() * static_cast<size_t>(facts_.vocab_size));
    for (size_t begin = 0; begin < ids.size(); begin += max_rows) {
      const size_t end = std::min<size_t>(ids.size(), begin + max_rows);
      std::vector<Row> rows;
      for (size_t i = begin; i < end; ++i) rows.push_back({ids[i], static_cast<int64_t>(i), 0, 0});
      std::vector<int64_t> wanted(rows.size());
      std::iota(wanted.begin(), wanted.end(), 0);
      const StepOutput output{"logits",
                              {static_cast<int64_t>(rows.size()), 1, facts_.vocab_size},
                              all.data() + begin * static_cast<size_t>(facts_.vocab_size)};
      runner.run(rows, wanted, {&output, 1});
    }
    return all;
  }
};

TEST_F(SlidingWindowGolden, HasTheBitsOfMemoryForTheWholeContext) {
  ASSERT_GT(facts_.window, 0);
  for (const GoldenCase& c : golden_cases("mistral-tiny")) {
    std::vector<int64_t> ids = c.input_ids;
    ids.insert(ids.end(), c.continuation_ids.begin(), c.continuation_ids.end());
    ids.resize(std::min(ids.size(), static_cast<size_t>(facts_.max_positions)));
    EXPECT_EQ(logits(ids, kFewRows), logits(ids, 512)) << c.name;
  }
}

TEST_F(SlidingWindowGolden, GeneratesSideBySideUpToTheLastPosition) {
  const std::vector<GoldenCase> cases = golden_cases("mistral-tiny");
  const auto slots = static_cast<uint32_t>(cases.size());
  BackendSession memory = session(kFewRows, slots);
  for (uint32_t slot = 0; slot < slots; ++slot) memory.reset(slot);  // the engine reserves what it needs
  engine::RaggedRunner runner(memory, facts_.vocab_size);
  std::vector<GenerateResult> results(cases.size());
  {
    engine::Engine engine(runner, memory,
                          {.slots = slots,
                           .ctx_len = facts_.max_positions,
                           .max_rows = static_cast<int64_t>(kFewRows),
                           .kv_tokens = memory.free_tokens(),
                           .slot_tokens = memory.slot_tokens(),
                           .fork = memory.can_fork()},
                          facts_.vocab_size, {.scheduler = {.max_num_seqs = slots}});
    for (size_t i = 0; i < cases.size(); ++i) {
      const auto tokens = static_cast<int64_t>(cases[i].continuation_ids.size());
      Sequence sequence(cases[i].input_ids, nullptr, {},
                        {.max_new_tokens = tokens, .ctx_len = facts_.max_positions});
      GenerationEvents events;
      events.end = [&results, i](const std::exception_ptr&, GenerateResult result) {
        results[i] = std::move(result);
      };
      engine.submit({.prompt = cases[i].input_ids,
                     .max_new_tokens = tokens,
                     .sink = std::make_shared<GenerationSink>(std::move(sequence), std::move(events), nullptr,
                                                              std::nullopt)});
    }
    engine.drain();
  }
  for (size_t i = 0; i < cases.size(); ++i)
    EXPECT_EQ(results[i].tokens, cases[i].continuation_ids) << cases[i].name;
}

}  // namespace
}  // namespace tessera::test
