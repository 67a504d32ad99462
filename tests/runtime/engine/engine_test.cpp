#include "runtime/engine/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <future>
#include <latch>
#include <limits>
#include <map>
#include <random>

#include "runtime/engine/compiled_runner.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/runtime/engine/counting_model.hpp"

namespace tessera::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using Tokens = std::vector<int64_t>;

/// Collects what it is told.
class Collector : public TokenSink {
 public:
  void prompt_progress(int64_t computed) override { progress.push_back(computed); }
  bool accept(int64_t token) override {
    tokens.push_back(token);
    return on_token ? on_token(token) : true;
  }
  void end(EndReason why, std::exception_ptr what, const RequestMetrics& m) override {
    EXPECT_EQ(++ends, 1);
    reason = why;
    error = what;
    metrics = m;
    ended.count_down();
  }
  /// Waits for the end.
  EndReason wait() {
    ended.wait();
    return reason;
  }
  std::string message() {
    ended.wait();
    try {
      if (error) std::rethrow_exception(error);
    } catch (const std::exception& e) {
      return e.what();
    }
    return {};
  }

  std::function<bool(int64_t)> on_token;
  Tokens tokens, progress;
  EndReason reason{};
  std::exception_ptr error;
  RequestMetrics metrics;

 private:
  int ends = 0;
  std::latch ended{1};
};

/// Proposes what the model will say, but for every `wrong`-th token, if that is not 0.
class FakeDrafter final : public speculation::Drafter {
 public:
  void begin(speculation::SequenceId sequence, size_t prompt_tokens,
             std::unique_ptr<speculation::DraftChooser>) override {
    EXPECT_TRUE(prompts.emplace(sequence, prompt_tokens).second);
  }
  void propose(std::span<speculation::Draft> drafts) override {
    if (on_propose) on_propose();
    for (speculation::Draft& draft : drafts) {
      EXPECT_GT(draft.tokens->size(), prompts.at(draft.sequence));
      draft.proposals = CountingModel::expected(*draft.tokens, static_cast<int64_t>(draft.most));
      for (int64_t& token : draft.proposals) {
        if (wrong > 0 && ++proposed % wrong == 0) token = (token + 1) % CountingModel::kVocab;
      }
    }
  }
  void end(speculation::SequenceId sequence) override { EXPECT_EQ(prompts.erase(sequence), 1U); }
  double seconds_per_token() const override { return 1e-9; }

  std::map<speculation::SequenceId, size_t> prompts;
  int wrong = 0, proposed = 0;
  std::function<void()> on_propose;
};

/// The model on shapes that are compiled: checks that rows fit them, and runs the rows' tokens.
class ShapedCountingModel final : public ShapedStepRunner {
 public:
  explicit ShapedCountingModel(CountingModel& model) : model_(model) {}
  void run_shaped(const StepShape& shape, std::span<const ShapedRow> rows, std::span<float> logits) override {
    EXPECT_LE(static_cast<int64_t>(rows.size()), shape.batch);
    shapes.push_back({shape.batch, shape.seq_len});
    std::vector<Row> single;
    std::vector<int64_t> wanted;
    for (const ShapedRow& row : rows) {
      EXPECT_LE(static_cast<int64_t>(row.tokens.size()), shape.seq_len);
      EXPECT_LE(row.logits, shape.verify ? static_cast<int64_t>(row.tokens.size()) : 1);
      for (size_t i = 0; i < row.tokens.size(); ++i)
        single.push_back({row.tokens[i], row.position + static_cast<int64_t>(i), row.slot, 0});
      const auto end = static_cast<int64_t>(single.size());
      for (int64_t at = end - row.logits; at < end; ++at) wanted.push_back(at);
    }
    const StepOutput output{
        "logits", {static_cast<int64_t>(wanted.size()), 1, CountingModel::kVocab}, logits.data()};
    model_.run(single, wanted, {&output, 1});
  }

  std::vector<CompiledShape> shapes;  ///< of all runs

 private:
  CountingModel& model_;
};

struct World {
  uint32_t slots = 4;
  int64_t tokens = 100000;
  EngineOptions options = {};
  bool fork = true;
  int64_t ctx_len = 1000;
  std::vector<CompiledShape> verify =
      {};  ///< not empty: compiled shapes, these beside [1, 8], [4, 8] and [4, 1]
};

class Harness {
 public:
  explicit Harness(World setup = {})
      : model(setup.slots, setup.tokens), runner_(model, CountingModel::kVocab), compiled_(shaped) {
    setup.options.scheduler.max_num_seqs = setup.slots;
    setup.options.kv_granule = 1;
    const bool ragged = setup.verify.empty();
    Capabilities capabilities{.ragged = ragged,
                              .slots = setup.slots,
                              .ctx_len = setup.ctx_len,
                              .max_rows = 512,
                              .kv_tokens = setup.tokens,
                              .fork = ragged && setup.fork};
    if (!ragged) {
      setup.options.speculation.compiled = true;
      capabilities.prefill = {{1, 8}, {4, 8}};
      capabilities.decode = {4};
      capabilities.verify = setup.verify;
    }
    PlanRunner& runner = ragged ? static_cast<PlanRunner&>(runner_) : compiled_;
    engine = std::make_unique<Engine>(runner, model, capabilities, CountingModel::kVocab, setup.options);
  }

  std::shared_ptr<Collector> submit(Tokens prompt, int64_t max_new,
                                    std::function<bool(int64_t)> on_token = {}) {
    auto sink = std::make_shared<Collector>();
    sink->on_token = std::move(on_token);
    id = engine->submit({.prompt = std::move(prompt), .max_new_tokens = max_new, .sink = sink});
    return sink;
  }

  CountingModel model;
  ShapedCountingModel shaped{model};
  RequestId id = 0;  ///< of the last request

 private:
  RaggedRunner runner_;
  CompiledRunner compiled_;

 public:
  std::unique_ptr<Engine> engine;
};

Tokens prompt_of(int64_t length, int64_t seed) {
  Tokens prompt;
  for (int64_t i = 0; i < length; ++i) prompt.push_back((seed * 31 + i * i) % 50);
  return prompt;
}

TEST(Engine, GivesEachRequestItsOwnTokensWhateverTheChunk) {
  for (const int64_t chunk : {0, 1, 2, 3, 7, 100}) {
    Harness h({.options = {.scheduler = {.step_budget = {.fixed = chunk}}}});
    std::vector<std::shared_ptr<Collector>> sinks;
    for (int64_t i = 0; i < 20; ++i) sinks.push_back(h.submit(prompt_of(1 + i * 3, i), 1 + i % 5));
    h.engine->drain();
    for (int64_t i = 0; i < 20; ++i) {
      const Collector& sink = *sinks[static_cast<size_t>(i)];
      EXPECT_EQ(sink.tokens, CountingModel::expected(prompt_of(1 + i * 3, i), 1 + i % 5))
          << chunk << ' ' << i;
      EXPECT_EQ(sink.reason, EndReason::kFinished);
    }
  }
}

TEST(Engine, GivesTheSameTokensToThosePreempted) {
  Harness h({.tokens = 60});
  std::vector<std::shared_ptr<Collector>> sinks;
  for (int64_t i = 0; i < 12; ++i) sinks.push_back(h.submit(prompt_of(5, i), 30));
  h.engine->drain();
  for (int64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(sinks[static_cast<size_t>(i)]->tokens, CountingModel::expected(prompt_of(5, i), 30)) << i;
  }
  EXPECT_GT(h.engine->counters().preemptions, 0U);
}

TEST(Engine, ComputesSharedBeginningsOnce) {
  for (const bool fork : {true, false}) {
    Harness h({.fork = fork});
    Tokens shared = prompt_of(40, 1);
    h.submit(shared, 3)->wait();
    Tokens longer = shared;
    longer.insert(longer.end(), {1, 2, 3});
    const auto sink = h.submit(longer, 4);
    sink->wait();
    EXPECT_EQ(sink->tokens, CountingModel::expected(longer, 4));
    EXPECT_GE(sink->metrics.cached_tokens, 40);
    EXPECT_GE(h.engine->counters().kv.prefix_hits, 40U);
  }
}

TEST(Engine, ComputesABeginningOnceForRequestsThatArriveTogether) {
  Harness h({.options = {.scheduler = {.step_budget = {.fixed = 50}}}});
  std::vector<std::shared_ptr<Collector>> sinks;
  Tokens shared = prompt_of(300, 1);
  for (int64_t i = 0; i < 4; ++i) {
    shared.back() = i;
    sinks.push_back(h.submit(shared, 5));
  }
  h.engine->drain();
  for (int64_t i = 0; i < 4; ++i) {
    shared.back() = i;
    EXPECT_EQ(sinks[static_cast<size_t>(i)]->tokens, CountingModel::expected(shared, 5));
  }
  EXPECT_EQ(h.engine->counters().prompt_rows, 300U + 3);
  EXPECT_EQ(h.engine->counters().kv.forks + h.engine->counters().kv.resumes, 3U);
}

TEST(Engine, TellsRowsOfThePromptThePromptsLengthAndReusesNothingWhereThatMatters) {
  Harness h({.options = {.prefix_reuse = false}});
  h.submit({1, 2, 3, 4, 5, 6, 7, 8, 9}, 2)->wait();
  h.submit({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3)->wait();
  EXPECT_THAT(h.model.rope_lengths,
              ElementsAre(9, 9, 9, 9, 9, 9, 9, 9, 9, 10, 9, 9, 9, 9, 9, 9, 9, 9, 9, 10, 11));
}

TEST(Engine, GeneratesOneTokenMoreThanTheContextHasRoomFor) {
  Harness h({.ctx_len = 5});
  const auto sink = h.submit({1, 2, 3}, 1000);
  sink->wait();
  EXPECT_EQ(sink->tokens.size(), 3U);  // 5 - 3 + 1
}

TEST(Engine, StopsWhenTheSinkHasEnough) {
  Harness h;
  const auto sink = h.submit({1, 2, 3}, 1000, [](int64_t token) { return token != 28; });
  sink->wait();
  EXPECT_THAT(sink->tokens, ElementsAre(7, 14, 28));
  EXPECT_EQ(sink->reason, EndReason::kFinished);
}

TEST(Engine, ReportsThePromptsProgress) {
  Harness h({.options = {.scheduler = {.step_budget = {.fixed = 4}}}});
  const auto sink = h.submit(prompt_of(10, 1), 1);
  sink->wait();
  EXPECT_THAT(sink->progress, ElementsAre(4, 8));
}

TEST(Engine, CancelsBeforeDuringAndAfter) {
  Harness h({.slots = 1});
  std::latch first_token(1), go(1);
  const auto running = h.submit({1}, 1000000, [&, n = 0](int64_t) mutable {
    if (n++ == 0) {
      first_token.count_down();
      go.wait();
    }
    return true;
  });
  const RequestId running_id = h.id;
  first_token.wait();
  const auto waiting = h.submit({2}, 5);
  h.engine->cancel(h.id);
  h.engine->cancel(running_id);
  go.count_down();
  EXPECT_EQ(running->wait(), EndReason::kCancelled);
  EXPECT_EQ(waiting->wait(), EndReason::kCancelled);
  EXPECT_TRUE(waiting->tokens.empty());
  h.engine->cancel(running_id);
  h.engine->cancel(12345);
  const auto next = h.submit({3}, 2);
  EXPECT_EQ(next->wait(), EndReason::kFinished);
  EXPECT_EQ(next->tokens, CountingModel::expected({3}, 2));
  EXPECT_EQ(h.engine->counters().cancelled, 2U);
}

TEST(Engine, EndsARequestWhoseTimeIsUpAndNoOther) {
  Harness h;
  auto late = std::make_shared<Collector>();
  late->on_token = [](int64_t) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return true;
  };
  h.engine->submit({.prompt = {1},
                    .max_new_tokens = 1000000,
                    .sink = late,
                    .deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(20)});
  const auto other = h.submit({2}, 50);
  EXPECT_EQ(late->wait(), EndReason::kTimeout);
  EXPECT_EQ(other->wait(), EndReason::kFinished);
  EXPECT_EQ(other->tokens, CountingModel::expected({2}, 50));
  EXPECT_EQ(h.engine->counters().timed_out, 1U);
}

TEST(Engine, ACallbackThatThrowsEndsItsOwnRequestAlone) {
  Harness h;
  const auto bad = h.submit({1}, 10, [n = 0](int64_t) mutable -> bool {
    if (++n == 3) throw std::runtime_error("no more paper");
    return true;
  });
  const auto good = h.submit({2}, 10);
  EXPECT_EQ(bad->wait(), EndReason::kError);
  EXPECT_EQ(bad->message(), "no more paper");
  EXPECT_EQ(good->wait(), EndReason::kFinished);
  EXPECT_EQ(good->tokens, CountingModel::expected({2}, 10));
}

TEST(Engine, AStepThatFailsEndsThoseInItByNameAndTheEngineGoesOn) {
  Harness h;
  h.model.before_step = [&](std::span<const Row>) {
    if (h.model.steps == 3) throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  const auto a = h.submit({1}, 10);
  EXPECT_EQ(a->wait(), EndReason::kError);
  EXPECT_EQ(a->message(), "the card is gone");
  const auto b = h.submit({1, 2}, 10);
  EXPECT_EQ(b->wait(), EndReason::kFinished);
  EXPECT_EQ(b->tokens, CountingModel::expected({1, 2}, 10));
  EXPECT_EQ(h.engine->counters().failed, 1U);
}

TEST(Engine, LogitsThatAreNoNumbersEndTheirOwnRequestAlone) {
  Harness h;
  h.model.after_step = [](std::span<const Row> rows, std::span<const int64_t> logits_rows,
                          std::span<const StepOutput> outputs) {
    for (size_t i = 0; i < logits_rows.size(); ++i) {
      const Row& row = rows[static_cast<size_t>(logits_rows[i])];
      if (row.rope_length == 13) outputs[0].data[i * CountingModel::kVocab + 5] = std::nanf("");
    }
  };
  const auto bad = h.submit(prompt_of(10, 3), 10), good = h.submit(prompt_of(30, 4), 10);
  EXPECT_EQ(bad->wait(), EndReason::kError);
  EXPECT_EQ(bad->message(), "the logits are not numbers (NaN)");
  EXPECT_EQ(bad->tokens.size(), 3U);
  EXPECT_EQ(good->wait(), EndReason::kFinished);
  // What was computed beside NaN is not handed on.
  h.model.after_step = {};
  const auto again = h.submit(prompt_of(10, 3), 10);
  EXPECT_EQ(again->wait(), EndReason::kFinished);
  EXPECT_EQ(again->metrics.cached_tokens, 0);
}

TEST(Engine, TellsThoseWhoWaitWhenAStepDoesNotComeBackAndGoesOnWhenItDoes) {
  Harness h({.slots = 1, .options = {.step_timeout_s = 1}});
  std::latch back(1);
  h.model.before_step = [&](std::span<const Row>) {
    if (h.model.steps == 3) back.wait();
  };
  const auto in_step = h.submit({1, 2}, 100), waiting = h.submit({3}, 1);
  EXPECT_EQ(in_step->message(), "a step of the backend has not come back for 1 s");
  EXPECT_EQ(waiting->message(), "a step of the backend has not come back for 1 s");
  EXPECT_EQ(in_step->tokens, CountingModel::expected({1, 2}, 2));
  EXPECT_THAT([&] { h.submit({1}, 1); }, ThrowsMessage<Error>(HasSubstr("has not come back")));
  EXPECT_EQ(h.engine->counters().failed, 2U);
  back.count_down();
  std::shared_ptr<Collector> next;
  while (!next) {  // the engine's thread has to notice
    try {
      next = h.submit({5, 6}, 5);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kDeadlineExceeded);
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(next->wait(), EndReason::kFinished);
  EXPECT_EQ(next->tokens, CountingModel::expected({5, 6}, 5));
  EXPECT_EQ(in_step->tokens.size(), 2U);  // what the late step gave is nobody's
  h.engine->drain();
}

TEST(Engine, CanBeDestroyedWhileAStepIsBlocked) {
  std::latch back(1);
  std::shared_ptr<Collector> sink;
  std::thread helper;
  {
    Harness h({.options = {.step_timeout_s = 0.01}});
    h.model.before_step = [&](std::span<const Row>) { back.wait(); };
    sink = h.submit({1}, 1);
    sink->wait();
    helper = std::thread([&] { back.count_down(); });
  }
  helper.join();
  EXPECT_EQ(sink->reason, EndReason::kError);
}

/// Loses what slots hold, as a device does that is gone.
void lose_slots(CountingModel& model) {
  for (uint32_t slot = 0; slot < model.length.size(); ++slot) model.reserved[slot] = model.length[slot] = 0;
}

TEST(Engine, ComputesEverythingAgainWhenTheDeviceIsLostAtASlot) {
  Harness* harness = nullptr;
  World setup{.slots = 3, .tokens = 150};
  setup.options.reload = [&] { lose_slots(harness->model); };
  Harness h(setup);
  harness = &h;
  int calls = 0;
  h.model.before_call = [&] {
    if (++calls % 37 == 0) throw Error(ErrorCode::kDeviceLost, "no such slot any more");
  };
  std::vector<std::shared_ptr<Collector>> sinks;
  for (int64_t i = 0; i < 12; ++i) sinks.push_back(h.submit(prompt_of(20 + i % 3, i % 4), 30));
  h.engine->drain();
  for (int64_t i = 0; i < 12; ++i) {
    const Collector& sink = *sinks[static_cast<size_t>(i)];
    EXPECT_EQ(sink.reason, EndReason::kFinished);
    EXPECT_EQ(sink.tokens, CountingModel::expected(prompt_of(20 + i % 3, i % 4), 30)) << i;
  }
  EXPECT_GT(h.engine->counters().reloads, 3U);
  EXPECT_EQ(h.engine->counters().failed, 0U);
}

TEST(Engine, TriesAgainWhenASessionCannotBeMadeAnewAtOnce) {
  Harness* harness = nullptr;
  int tries = 0;
  World setup;
  setup.options.reload = [&] {
    if (++tries < 3) throw Error(ErrorCode::kBusy, "the card starts");
    lose_slots(harness->model);
  };
  Harness h(setup);
  harness = &h;
  h.model.before_step = [&](std::span<const Row>) {
    if (h.model.steps == 5) throw Error(ErrorCode::kDeadlineExceeded, "the run did not come back");
  };
  const auto sink = h.submit({1, 2}, 20);
  EXPECT_EQ(sink->wait(), EndReason::kFinished);
  EXPECT_EQ(sink->tokens, CountingModel::expected({1, 2}, 20));
  EXPECT_EQ(h.engine->counters().reloads, 3U);
}

TEST(Engine, ComputesEverythingAgainWhenTheDeviceWasLostAndEmitsNothingTwice) {
  Harness* harness = nullptr;
  int reloads = 0;
  World setup{.slots = 3};
  setup.options.reload = [&] {
    ++reloads;
    lose_slots(harness->model);
  };
  Harness h(setup);
  harness = &h;
  h.model.before_step = [&](std::span<const Row>) {
    if (h.model.steps % 7 == 0) throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  std::vector<std::shared_ptr<Collector>> sinks;
  for (int64_t i = 0; i < 8; ++i) sinks.push_back(h.submit(prompt_of(20 + i, i), 30));
  h.engine->drain();
  for (int64_t i = 0; i < 8; ++i) {
    const Collector& sink = *sinks[static_cast<size_t>(i)];
    EXPECT_EQ(sink.reason, EndReason::kFinished);
    EXPECT_EQ(sink.tokens, CountingModel::expected(prompt_of(20 + i, i), 30));
  }
  EXPECT_GT(reloads, 3);
  EXPECT_EQ(h.engine->counters().reloads, static_cast<uint64_t>(reloads));
  EXPECT_EQ(h.engine->counters().failed, 0U);
}

TEST(Engine, GivesUpOnADeviceThatIsLostAgainAndAgain) {
  Harness* harness = nullptr;
  World setup;
  setup.options.reload = [&] { lose_slots(harness->model); };
  setup.options.max_reloads = 2;
  Harness h(setup);
  harness = &h;
  h.model.before_step = [&](std::span<const Row>) {
    if (h.model.steps > 4) throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  const auto sink = h.submit({1, 2}, 20);
  EXPECT_EQ(sink->message(), "the card is gone");
  EXPECT_EQ(sink->tokens, CountingModel::expected({1, 2}, 4));
  EXPECT_EQ(h.engine->counters().reloads, 2U);
}

TEST(Engine, EndsEverythingWhenTheDeviceDoesNotComeBack) {
  World setup;
  setup.options.reload = [] { throw Error(ErrorCode::kDeviceLost, "no card in this machine"); };
  Harness h(setup);
  h.model.before_step = [&](std::span<const Row>) {
    throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  const auto sink = h.submit({1, 2}, 20);
  EXPECT_EQ(sink->message(), "no card in this machine");
  EXPECT_THAT([&] { h.submit({1}, 1); }, ThrowsMessage<Error>("no card in this machine"));
}

TEST(Engine, EndsEachOfAThousandRequestsExactlyOnceUnderRandomFaults) {
  Harness* harness = nullptr;
  FakeDrafter drafter;
  drafter.wrong = 3;
  World setup{
      .slots = 16, .tokens = 700, .options = {.speculation = {.drafter = &drafter, .lengths = {1, 2, 3, 4}}}};
  setup.options.reload = [&] { lose_slots(harness->model); };
  setup.options.max_reloads = 100;
  Harness h(setup);
  harness = &h;
  h.model.most_taken_back = 4;
  std::mt19937 of_steps(1), of_requests(2);
  h.model.before_step = [&](std::span<const Row>) {
    const uint32_t fate = of_steps() % 100;
    if (fate == 0) throw Error(ErrorCode::kInternal, "a bit has flipped");
    if (fate == 1) throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  h.model.before_call = [&] {
    if (of_steps() % 200 == 0) throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  h.model.after_step = [&](std::span<const Row>, std::span<const int64_t> logits_rows,
                           std::span<const StepOutput> outputs) {
    if (!logits_rows.empty() && of_steps() % 50 == 0)
      outputs[0].data[of_steps() % logits_rows.size() * CountingModel::kVocab] = std::nanf("");
  };
  std::vector<std::shared_ptr<Collector>> sinks;
  std::vector<Tokens> prompts;
  for (int64_t i = 0; i < 1000; ++i) {
    prompts.push_back(prompt_of(1 + static_cast<int64_t>(of_requests() % 60), i % 5));
    const bool throws = of_requests() % 30 == 0;
    sinks.push_back(h.submit(prompts.back(), 20, [=](int64_t) -> bool {
      if (throws) throw std::runtime_error("no more paper");
      return true;
    }));
    if (of_requests() % 20 == 0) h.engine->cancel(h.id);
  }
  h.engine->drain();
  size_t finished = 0;
  for (size_t i = 0; i < sinks.size(); ++i) {
    const Collector& sink = *sinks[i];  // which itself counts its ends
    Tokens expected = CountingModel::expected(prompts[i], 20);
    if (sink.reason == EndReason::kFinished) {
      ++finished;
    } else {
      ASSERT_LE(sink.tokens.size(), expected.size());
      expected.resize(sink.tokens.size());
    }
    EXPECT_EQ(sink.tokens, expected) << i;
    EXPECT_EQ(sink.error != nullptr, sink.reason == EndReason::kError);
  }
  const EngineCounters counters = h.engine->counters();
  EXPECT_EQ(counters.finished, finished);
  EXPECT_EQ(counters.finished + counters.cancelled + counters.failed, 1000U);
  EXPECT_GT(counters.finished, 500U);
  EXPECT_GT(counters.failed, 20U);
  EXPECT_GT(counters.reloads, 0U);
  EXPECT_TRUE(drafter.prompts.empty());
}

TEST(Engine, ASlotThatFailsBetweenStepsEndsEverythingOnceAndIsRemembered) {
  class Broken : public CountingModel {
   public:
    using CountingModel::CountingModel;
    bool reserve(uint32_t, int64_t) override { throw Error(ErrorCode::kDeviceLost, "no such slot any more"); }
  };
  Broken model(2, 100);
  RaggedRunner runner(model, CountingModel::kVocab);
  Engine engine(runner, model, {.slots = 2, .ctx_len = 50, .max_rows = 512}, CountingModel::kVocab,
                {.scheduler = {.max_num_seqs = 2}});
  auto sink = std::make_shared<Collector>();
  engine.submit({.prompt = {1}, .max_new_tokens = 1, .sink = sink});
  EXPECT_EQ(sink->message(), "no such slot any more");
  EXPECT_THAT([&] { engine.submit({.prompt = {1}, .max_new_tokens = 1, .sink = sink}); },
              ThrowsMessage<Error>("no such slot any more"));
  engine.drain();
}

TEST(Engine, RefusesWhatIsBeyondTheQueueAndNamesTheLimit) {
  Harness h({.slots = 1, .options = {.scheduler = {.max_queue = 10}}});
  std::latch running(1), go(1);
  const auto first = h.submit({1}, 2, [&, n = 0](int64_t) mutable {
    if (n++ == 0) {
      running.count_down();
      go.wait();
    }
    return true;
  });
  running.wait();
  std::vector<std::shared_ptr<Collector>> queued;
  for (int i = 0; i < 10; ++i) queued.push_back(h.submit({2}, 1));
  for (int i = 0; i < 10000; ++i) {
    EXPECT_THAT([&] { h.submit({3}, 1); },
                ThrowsMessage<Error>("the queue is full: 10 requests wait already (max_queue)"));
  }
  go.count_down();
  h.engine->drain();
  for (const auto& sink : queued) EXPECT_EQ(sink->reason, EndReason::kFinished);
  EXPECT_EQ(h.engine->counters().refused, 10000U);
}

TEST(Engine, RefusesWhatCanNeverFit) {
  Harness h({.tokens = 50});
  EXPECT_THAT([&] { h.submit(prompt_of(1001, 1), 1); },
              ThrowsMessage<Error>("the prompt has 1001 tokens, the context holds 1000"));
  EXPECT_THAT([&] { h.submit(prompt_of(40, 1), 20); },
              ThrowsMessage<Error>(HasSubstr("there are 50 in all")));
  EXPECT_THAT([&] { h.submit({}, 1); }, ThrowsMessage<Error>(HasSubstr("at least one prompt token")));
  EXPECT_THAT([&] { h.submit({1}, 0); }, ThrowsMessage<Error>(HasSubstr("at least one prompt token")));
}

TEST(Engine, DrainsAndThenTakesNoMore) {
  Harness h;
  std::vector<std::shared_ptr<Collector>> sinks;
  for (int i = 0; i < 30; ++i) sinks.push_back(h.submit({i}, 20));
  h.engine->drain();
  for (const auto& sink : sinks) EXPECT_EQ(sink->tokens.size(), 20U);
  EXPECT_THAT([&] { h.submit({1}, 1); }, ThrowsMessage<Error>(HasSubstr("being drained")));
}

TEST(Engine, CancelsWhatIsLeftWhenItIsDestroyed) {
  std::vector<std::shared_ptr<Collector>> sinks;
  {
    Harness h;
    for (int i = 0; i < 30; ++i) sinks.push_back(h.submit({i}, 1000000));
  }
  for (const auto& sink : sinks) {
    const EndReason reason = sink->wait();
    EXPECT_TRUE(reason == EndReason::kCancelled || reason == EndReason::kFinished);  // short of context
  }
}

TEST(Engine, MayBeCalledFromItsSinks) {
  Harness h;
  const auto second = std::make_shared<Collector>();
  std::promise<RequestId> self;  // the sink may be called before submit() has returned
  std::latch submitted(1);
  const auto first = h.submit({1}, 1000000, [&, n = 0](int64_t) mutable {
    if (n++ == 0) {
      h.engine->submit({.prompt = {2}, .max_new_tokens = 3, .sink = second});
      h.engine->cancel(self.get_future().get());
      submitted.count_down();
    }
    return true;
  });
  self.set_value(h.id);
  submitted.wait();
  EXPECT_EQ(first->wait(), EndReason::kCancelled);
  EXPECT_EQ(second->wait(), EndReason::kFinished);
}

TEST(Engine, ServesManyThreadsAtOnce) {
  Harness h({.tokens = 400, .options = {.scheduler = {.max_queue = 100000}}});
  std::vector<std::thread> threads;
  std::atomic<int> finished = 0, cancelled = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 60; ++i) {
        const Tokens prompt = prompt_of(1 + (t * 7 + i) % 40, i % 3);
        auto sink = std::make_shared<Collector>();
        const RequestId id = h.engine->submit({.prompt = prompt, .max_new_tokens = 1 + i % 20, .sink = sink});
        if (i % 5 == 0) h.engine->cancel(id);
        if (i % 7 == 0) h.engine->counters();
        const EndReason reason = sink->wait();
        (reason == EndReason::kFinished ? finished : cancelled)++;
        if (reason == EndReason::kFinished) {
          EXPECT_EQ(sink->tokens, CountingModel::expected(prompt, 1 + i % 20));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  h.engine->drain();
  EXPECT_EQ(finished + cancelled, 240);
  const EngineCounters counters = h.engine->counters();
  EXPECT_EQ(counters.finished, static_cast<uint64_t>(finished));
  EXPECT_EQ(counters.cancelled, static_cast<uint64_t>(cancelled));
  EXPECT_EQ(counters.running + counters.waiting, 0U);
}

TEST(EngineSpeculation, GivesTheSameTokensInFewerStepsWhateverIsProposed) {
  for (const int wrong : {0, 1, 2, 3, 7}) {
    SCOPED_TRACE(wrong);
    FakeDrafter drafter;
    drafter.wrong = wrong;
    Harness h({.options = {.speculation = {.drafter = &drafter, .lengths = {1, 2, 3, 4}}}});
    h.model.most_taken_back = 4;
    std::vector<std::shared_ptr<Collector>> sinks;
    for (int64_t i = 0; i < 6; ++i) sinks.push_back(h.submit(prompt_of(1 + i * 5, i), 60 + i));
    h.engine->drain();
    uint64_t drafts = 0, accepted = 0;
    for (int64_t i = 0; i < 6; ++i) {
      const Collector& sink = *sinks[static_cast<size_t>(i)];
      EXPECT_EQ(sink.tokens, CountingModel::expected(prompt_of(1 + i * 5, i), 60 + i));
      drafts += sink.metrics.speculation.drafts;
      accepted += sink.metrics.speculation.accepted_tokens;
    }
    const EngineCounters counters = h.engine->counters();
    EXPECT_GT(drafts, 0U);
    EXPECT_EQ(counters.speculation.drafts, drafts);
    EXPECT_EQ(counters.speculation.accepted_tokens, accepted);
    EXPECT_EQ(counters.decode_rows + accepted, 60U * 6 + 15 - 6);  // the first token comes with the prompt
    EXPECT_EQ(static_cast<uint64_t>(h.model.rows_computed),
              counters.decode_rows + counters.prompt_rows + counters.speculation.draft_tokens);
    if (wrong == 0) {
      EXPECT_EQ(accepted, counters.speculation.draft_tokens);
    }
    if (wrong == 1) {
      EXPECT_EQ(accepted, 0U);
    }
    EXPECT_TRUE(drafter.prompts.empty());
  }
}

TEST(EngineSpeculation, NeverGoesBeyondTheContextTheLimitOrTheMemory) {
  FakeDrafter drafter;
  Harness h({.slots = 3,
             .tokens = 40,
             .options = {.speculation = {.drafter = &drafter, .lengths = {7}}},
             .ctx_len = 20});
  h.model.most_taken_back = 7;
  const auto full = h.submit(prompt_of(10, 1), 1000), limited = h.submit(prompt_of(5, 2), 9),
             stopped = h.submit(prompt_of(5, 3), 15, [n = 0](int64_t) mutable { return ++n < 4; });
  h.engine->drain();
  EXPECT_EQ(full->tokens, CountingModel::expected(prompt_of(10, 1), 11));  // 20 - 10 + 1
  EXPECT_EQ(limited->tokens, CountingModel::expected(prompt_of(5, 2), 9));
  EXPECT_EQ(stopped->tokens, CountingModel::expected(prompt_of(5, 3), 4));
  EXPECT_GT(h.engine->counters().speculation.drafts, 0U);
}

TEST(EngineSpeculation, GivesTheSameTokensToThosePreempted) {
  FakeDrafter drafter;
  drafter.wrong = 5;
  Harness h({.tokens = 60, .options = {.speculation = {.drafter = &drafter, .lengths = {1, 2, 3}}}});
  h.model.most_taken_back = 3;
  std::vector<std::shared_ptr<Collector>> sinks;
  for (int64_t i = 0; i < 12; ++i) sinks.push_back(h.submit(prompt_of(5, i), 30));
  h.engine->drain();
  for (int64_t i = 0; i < 12; ++i) {
    EXPECT_EQ(sinks[static_cast<size_t>(i)]->tokens, CountingModel::expected(prompt_of(5, i), 30)) << i;
  }
  EXPECT_GT(h.engine->counters().preemptions, 0U);
  EXPECT_GT(h.engine->counters().speculation.accepted_tokens, 0U);
}

TEST(EngineSpeculation, EndsWhenTheDrafterFailsAndNoRequestDoes) {
  FakeDrafter drafter;
  drafter.on_propose = [n = 0]() mutable {
    if (++n == 4) throw Error(ErrorCode::kDeviceLost, "the draft model's card is gone");
  };
  Harness h({.options = {.speculation = {.drafter = &drafter, .lengths = {2}}}});
  h.model.most_taken_back = 2;
  const auto sink = h.submit({1, 2}, 40);
  EXPECT_EQ(sink->wait(), EndReason::kFinished);
  EXPECT_EQ(sink->tokens, CountingModel::expected({1, 2}, 40));
  h.engine->drain();
  const EngineCounters counters = h.engine->counters();
  EXPECT_EQ(counters.speculation.drafts, 3U);
  EXPECT_EQ(counters.speculation_error, "the draft model's card is gone");
}

TEST(EngineSpeculation, StopsAtTheRowThatIsNoNumber) {
  FakeDrafter drafter;
  Harness h({.options = {.speculation = {.drafter = &drafter, .lengths = {4}}}});
  h.model.most_taken_back = 4;
  h.model.after_step = [](std::span<const Row> rows, std::span<const int64_t> logits_rows,
                          std::span<const StepOutput> outputs) {
    for (size_t i = 0; i < logits_rows.size(); ++i) {
      const Row& row = rows[static_cast<size_t>(logits_rows[i])];
      if (row.position == 12) outputs[0].data[i * CountingModel::kVocab + 5] = std::nanf("");
    }
  };
  const auto bad = h.submit(prompt_of(10, 3), 10);
  EXPECT_EQ(bad->message(), "the logits are not numbers (NaN)");
  EXPECT_EQ(bad->tokens, CountingModel::expected(prompt_of(10, 3), 3));
}

World compiled_world(FakeDrafter& drafter) {
  World setup{.verify = {{4, 3}, {2, 6}}};
  setup.options.speculation = {.drafter = &drafter, .lengths = {2, 5}};
  return setup;
}

size_t runs_of(const Harness& h, const CompiledShape& shape) {
  return static_cast<size_t>(std::count(h.shaped.shapes.begin(), h.shaped.shapes.end(), shape));
}

TEST(CompiledSpeculation, GivesTheSameTokensWhateverIsProposed) {
  for (const int wrong : {0, 1, 2, 3, 7}) {
    for (const double cost : {0.0, 0.1}) {
      SCOPED_TRACE(wrong);
      FakeDrafter drafter;
      drafter.wrong = wrong;
      World setup = compiled_world(drafter);
      setup.tokens = 200;
      setup.options.speculation.draft_cost = cost;
      Harness h(setup);
      h.model.most_taken_back = 5;
      std::vector<std::shared_ptr<Collector>> sinks;
      for (int64_t i = 0; i < 7; ++i) sinks.push_back(h.submit(prompt_of(1 + i * 5, i), 60 + i));
      h.engine->drain();
      for (int64_t i = 0; i < 7; ++i) {
        EXPECT_EQ(sinks[static_cast<size_t>(i)]->tokens,
                  CountingModel::expected(prompt_of(1 + i * 5, i), 60 + i));
      }
      const EngineCounters counters = h.engine->counters();
      EXPECT_GT(counters.speculation.drafts, 0U);
      if (wrong == 0) {
        EXPECT_EQ(counters.speculation.accepted_tokens, counters.speculation.draft_tokens);
        EXPECT_GT(runs_of(h, {2, 6}), 0U);  // when few are left
      }
      if (wrong == 1) {
        EXPECT_EQ(counters.speculation.accepted_tokens, 0U);
      }
      EXPECT_TRUE(drafter.prompts.empty());
    }
  }
}

TEST(CompiledSpeculation, TakesTheSameShapesAgainForTheSameRequest) {
  std::vector<CompiledShape> first;
  for (int round = 0; round < 2; ++round) {
    FakeDrafter drafter;
    drafter.wrong = 4;
    Harness h(compiled_world(drafter));
    h.model.most_taken_back = 5;
    h.submit(prompt_of(30, 1), 80);
    h.engine->drain();
    if (round == 0) first = h.shaped.shapes;
    EXPECT_EQ(h.shaped.shapes, first);
  }
}

TEST(CompiledSpeculation, PadsWhereOnlyOneLengthIsCompiled) {
  FakeDrafter drafter;
  drafter.on_propose = [n = 0]() mutable {
    if (++n == 4) throw Error(ErrorCode::kInternal, "out of ideas");
  };
  World setup = compiled_world(drafter);
  setup.verify = {{4, 6}};
  setup.options.speculation.lengths = {5};
  Harness h(setup);
  h.model.most_taken_back = 5;
  const auto sink = h.submit({1, 2}, 40);
  h.engine->drain();
  EXPECT_EQ(sink->tokens, CountingModel::expected({1, 2}, 40));
  EXPECT_GT(runs_of(h, {4, 6}), 0U);
  EXPECT_GT(runs_of(h, {4, 1}), 10U);  // nothing to verify any more
}

TEST(CompiledSpeculation, GoesOnWhenTheDraftersDeviceIsBack) {
  FakeDrafter drafter;
  Harness* harness = nullptr;
  World setup = compiled_world(drafter);
  setup.options.reload = [&] { lose_slots(harness->model); };
  Harness h(setup);
  harness = &h;
  h.model.most_taken_back = 5;
  bool gone = false;
  drafter.on_propose = [&, n = 0]() mutable {
    if (++n % 4 != 0) return;
    gone = true;
    throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  h.model.before_step = [&](std::span<const Row>) {
    if (std::exchange(gone, false)) throw Error(ErrorCode::kDeviceLost, "the card is gone");
  };
  const auto sink = h.submit({1, 2}, 90);
  EXPECT_EQ(sink->wait(), EndReason::kFinished);
  EXPECT_EQ(sink->tokens, CountingModel::expected({1, 2}, 90));
  h.engine->drain();
  EXPECT_GT(h.engine->counters().reloads, 1U);
  EXPECT_EQ(h.engine->counters().speculation_error, "");
  EXPECT_GT(h.engine->counters().speculation.drafts, 8U);
}

TEST(Engine, MeasuresWhatARequestCost) {
  Harness h;
  const auto sink = h.submit({1, 2}, 5);
  sink->wait();
  const RequestMetrics& metrics = sink->metrics;
  EXPECT_EQ(metrics.tokens, 5);
  EXPECT_LE(metrics.queue_s, metrics.ttft_s);
  EXPECT_LE(metrics.ttft_s, metrics.total_s);
  EXPECT_LE(metrics.mean_itl_s, metrics.largest_itl_s);
  EXPECT_GT(metrics.mean_itl_s, 0);
  const EngineCounters counters = h.engine->counters();
  EXPECT_EQ(counters.prompt_rows, 2U);
  EXPECT_EQ(counters.decode_rows, 4U);
  EXPECT_EQ(counters.steps, 5U);
  EXPECT_EQ(counters.finished, 1U);
}

TEST(Argmax, TakesTheLowestOfEqualsAndRefusesNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(argmax(std::vector<float>{0, 2, 2, 1}), 1);
  EXPECT_EQ(argmax(std::vector<float>{-0.0F, 0.0F}), 0);
  EXPECT_EQ(argmax(std::vector<float>{-INFINITY, -INFINITY}), 0);
  EXPECT_THROW(argmax(std::vector<float>{1, nan}), Error);
  EXPECT_THROW(argmax(std::vector<float>{nan, 1}), Error);
}

}  // namespace
}  // namespace tessera::engine
