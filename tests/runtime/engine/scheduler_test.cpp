#include "runtime/engine/scheduler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "tessera/sdk/error.hpp"
#include "tests/runtime/engine/fake_slot_memory.hpp"

namespace tessera::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

/// A scheduler with memory of its own; requests emit until they have what they ask for.
class SchedulerTest : public testing::Test {
 protected:
  void make(SchedulerOptions options, Capabilities capabilities, int64_t tokens = 100000) {
    capabilities.kv_tokens = tokens;
    memory = FakeSlotMemory(capabilities.slots, tokens);
    slots = std::make_unique<KvSlots>(
        KvSlots::Options{.slots = capabilities.slots, .ctx_len = capabilities.ctx_len, .granule = 1}, memory);
    scheduler = std::make_unique<Scheduler>(options, capabilities, *slots);
  }
  void ragged(int64_t seqs, int64_t rows, int64_t chunk = 0) {
    make({.max_num_seqs = seqs, .max_num_batched_tokens = rows, .step_budget = {.fixed = chunk}},
         {.slots = static_cast<uint32_t>(seqs), .ctx_len = 1000, .max_rows = 512});
  }
  void submit(RequestId id, int64_t prompt, int64_t max_new) {
    left[id] = max_new;
    scheduler->submit({.id = id, .prompt_tokens = prompt, .max_new_tokens = max_new});
  }
  /// The works of the next step as "id:begin+count", '!' behind those that emit.
  std::vector<std::string> step() {
    const StepPlan& plan = scheduler->plan();
    shape = plan.shape;
    std::vector<std::string> works;
    std::vector<Outcome> outcomes;
    for (const Work& work : plan.work) {
      works.push_back(std::to_string(work.request) + ":" + std::to_string(work.begin) + "+" +
                      std::to_string(work.count) + (work.emits ? "!" : ""));
      outcomes.push_back({work.emits ? 1 : 0, work.emits && --left[work.request] == 0, false});
    }
    if (!works.empty()) scheduler->commit(outcomes, 0);
    return works;
  }

  FakeSlotMemory memory{1, 1};
  std::unique_ptr<KvSlots> slots;
  std::unique_ptr<Scheduler> scheduler;
  std::map<RequestId, int64_t> left;
  CompiledShape shape;
};

TEST_F(SchedulerTest, PutsDecodeRowsAndChunksOfPromptsIntoOneStep) {
  ragged(4, 10);
  submit(1, 3, 3);
  EXPECT_THAT(step(), ElementsAre("1:0+3!"));
  submit(2, 15, 1);
  submit(3, 4, 1);
  EXPECT_THAT(step(), ElementsAre("1:3+1!", "2:0+9"));
  EXPECT_THAT(step(), ElementsAre("1:4+1!", "2:9+6!", "3:0+3"));
  EXPECT_THAT(step(), ElementsAre("3:3+1!"));
  EXPECT_THAT(step(), ElementsAre());
  EXPECT_TRUE(scheduler->idle());
}

TEST_F(SchedulerTest, TakesAtMostAChunkOfPromptsInAStep) {
  ragged(4, 100, 5);
  submit(1, 7, 2);
  submit(2, 2, 1);
  EXPECT_THAT(step(), ElementsAre("1:0+5"));
  EXPECT_THAT(step(), ElementsAre("1:5+2!", "2:0+2!"));
}

TEST_F(SchedulerTest, GivesAFreeSlotToAWaitingPromptAtOnce) {
  ragged(1, 10);
  submit(1, 2, 1);
  submit(2, 3, 1);
  EXPECT_THAT(step(), ElementsAre("1:0+2!"));
  EXPECT_THAT(step(), ElementsAre("2:0+3!"));
}

TEST_F(SchedulerTest, AlternatesRunsOnCompiledShapes) {
  make({.max_num_seqs = 4},
       {.ragged = false, .slots = 4, .ctx_len = 1000, .prefill = {{1, 8}}, .decode = {4}});
  submit(1, 5, 4);
  EXPECT_THAT(step(), ElementsAre("1:0+5!"));
  EXPECT_EQ(shape, (CompiledShape{1, 8}));
  submit(2, 20, 2);
  EXPECT_THAT(step(), ElementsAre("2:0+8"));
  EXPECT_THAT(step(), ElementsAre("1:5+1!"));
  EXPECT_EQ(shape, (CompiledShape{4, 1}));
  EXPECT_THAT(step(), ElementsAre("2:8+8"));
  EXPECT_THAT(step(), ElementsAre("1:6+1!"));
  EXPECT_THAT(step(), ElementsAre("2:16+4!"));
  EXPECT_THAT(step(), ElementsAre("1:7+1!", "2:20+1!"));
  EXPECT_TRUE(scheduler->idle());
}

TEST_F(SchedulerTest, AllowsAsManyPrefillRunsBetweenDecodeRunsAsItIsTold) {
  make({.max_num_seqs = 2, .max_prefill_runs = 3},
       {.ragged = false, .slots = 2, .ctx_len = 1000, .prefill = {{1, 2}}, .decode = {2}});
  submit(1, 2, 3);
  step();
  submit(2, 12, 1);
  std::string kinds;
  while (!scheduler->idle()) kinds += step()[0].substr(0, 1);
  EXPECT_EQ(kinds, "22212221");
}

TEST_F(SchedulerTest, TakesTheSmallestShapeThatHoldsTheRows) {
  make({.max_num_seqs = 8}, {.ragged = false,
                             .slots = 8,
                             .ctx_len = 1000,
                             .prefill = {{1, 32}, {1, 128}, {4, 32}},
                             .decode = {1, 2, 8}});
  submit(1, 100, 9);
  step();
  EXPECT_EQ(shape, (CompiledShape{1, 128}));
  step();
  EXPECT_EQ(shape, (CompiledShape{1, 1}));
  submit(2, 20, 9);
  step();
  EXPECT_EQ(shape, (CompiledShape{1, 32}));
  step();
  EXPECT_EQ(shape, (CompiledShape{2, 1}));
  for (RequestId id = 3; id < 7; ++id) submit(id, 30, 9);
  EXPECT_THAT(step(), ElementsAre("3:0+30!", "4:0+30!", "5:0+30!", "6:0+30!"));
  EXPECT_EQ(shape, (CompiledShape{4, 32}));
  step();
  EXPECT_EQ(shape, (CompiledShape{8, 1}));
}

TEST_F(SchedulerTest, LetsTooManyDecodingRequestsTakeTurns) {
  make({.max_num_seqs = 3},
       {.ragged = false, .slots = 3, .ctx_len = 100, .prefill = {{4, 4}}, .decode = {2}});
  for (RequestId id = 1; id <= 3; ++id) submit(id, 2, 5);
  step();
  EXPECT_THAT(step(), ElementsAre("1:2+1!", "2:2+1!"));
  EXPECT_THAT(step(), ElementsAre("3:2+1!", "1:3+1!"));
  EXPECT_THAT(step(), ElementsAre("2:3+1!", "3:3+1!"));
}

TEST_F(SchedulerTest, PreemptsTheYoungestWhenMemoryIsFullAndComputesItAgain) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 100}, {.slots = 2, .ctx_len = 100, .max_rows = 100}, 12);
  submit(1, 4, 6);
  submit(2, 4, 4);
  EXPECT_THAT(step(), ElementsAre("1:0+4!", "2:0+4!"));
  EXPECT_THAT(step(), ElementsAre("1:4+1!", "2:4+1!"));
  EXPECT_THAT(step(), ElementsAre("1:5+1!", "2:5+1!"));
  EXPECT_THAT(step(), ElementsAre("1:6+1!"));  // 7 and 7 do not fit into 12
  EXPECT_EQ(scheduler->state(2), RequestState::kPreempted);
  EXPECT_EQ(scheduler->preemptions(), 1U);
  EXPECT_THAT(step(), ElementsAre("1:7+1!"));
  EXPECT_THAT(step(), ElementsAre("1:8+1!"));
  EXPECT_THAT(step(), ElementsAre("2:0+7!"));  // prompt and three emitted tokens
  EXPECT_TRUE(scheduler->idle());
  EXPECT_EQ(memory.free_tokens(), 12);
}

TEST_F(SchedulerTest, WaitsInsteadWhenToldTo) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 100, .memory = MemoryChoice::kWait},
       {.slots = 2, .ctx_len = 100, .max_rows = 100}, 12);
  submit(1, 4, 6);  // 9 positions
  submit(2, 4, 4);
  submit(3, 1, 1);  // would fit, but nobody overtakes
  for (int i = 0; i < 6; ++i) EXPECT_EQ(step().size(), 1U);
  EXPECT_THAT(step(), ElementsAre("2:0+4!", "3:0+1!"));
  EXPECT_EQ(scheduler->preemptions(), 0U);
}

TEST_F(SchedulerTest, ServesByPriorityAndPreemptsTheLeastUrgent) {
  make({.policy = "priority", .max_num_seqs = 1, .max_num_batched_tokens = 10},
       {.slots = 1, .ctx_len = 100, .max_rows = 100});
  for (RequestId id = 1; id <= 3; ++id) {
    left[id] = 1;
    scheduler->submit({.id = id, .prompt_tokens = 1, .max_new_tokens = 1, .priority = id == 3 ? 0 : 5});
  }
  EXPECT_THAT(step(), ElementsAre("3:0+1!"));
  EXPECT_THAT(step(), ElementsAre("1:0+1!"));
}

TEST_F(SchedulerTest, CancelsInEveryState) {
  ragged(1, 10);
  submit(1, 2, 5);
  submit(2, 2, 5);
  step();
  EXPECT_TRUE(scheduler->cancel(1));
  EXPECT_FALSE(scheduler->cancel(1));
  EXPECT_THAT(step(), ElementsAre("2:0+2!"));
  submit(3, 2, 1);
  EXPECT_TRUE(scheduler->cancel(3));
  EXPECT_TRUE(scheduler->cancel(2));
  EXPECT_TRUE(scheduler->idle());
  EXPECT_THAT(step(), ElementsAre());
  EXPECT_EQ(memory.free_tokens(), memory.total);
}

TEST_F(SchedulerTest, CancelsAPreemptedRequest) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 100}, {.slots = 2, .ctx_len = 100, .max_rows = 100}, 9);
  submit(1, 4, 5);
  submit(2, 4, 5);
  step();
  step();
  ASSERT_EQ(scheduler->state(2), RequestState::kPreempted);
  EXPECT_TRUE(scheduler->cancel(2));
  while (!scheduler->idle()) EXPECT_EQ(step().size(), 1U);
}

TEST_F(SchedulerTest, RefusesWhatCanNeverFitAndMoreThanTheQueueHolds) {
  make({.max_num_seqs = 2, .max_num_batched_tokens = 100, .max_queue = 2},
       {.slots = 2, .ctx_len = 100, .max_rows = 100}, 50);
  EXPECT_THAT([&] { submit(1, 101, 1); },
              ThrowsMessage<Error>("the prompt has 101 tokens, the context holds 100"));
  EXPECT_THAT([&] { submit(1, 40, 20); }, ThrowsMessage<Error>(HasSubstr("may need 59 tokens of memory")));
  EXPECT_THAT([&] { submit(1, 0, 20); }, ThrowsMessage<Error>(HasSubstr("at least one prompt token")));
  submit(1, 1, 1);
  submit(2, 1, 1);
  EXPECT_THAT([&] { submit(3, 1, 1); },
              ThrowsMessage<Error>("the queue is full: 2 requests wait already (max_queue)"));
  step();
  submit(3, 1, 1);
  EXPECT_THAT([&] { submit(3, 1, 1); }, ThrowsMessage<Error>("request 3 was submitted twice"));
}

TEST_F(SchedulerTest, GivesUpARequestForWhichAnEmptyMemoryHasNoRoom) {
  ragged(2, 10);
  memory.total = 3;  // less than it promised
  submit(1, 5, 2);
  submit(2, 3, 2);
  EXPECT_THAT(scheduler->plan().no_room, ElementsAre(1));
  EXPECT_THAT(step(), ElementsAre("2:0+3!"));
  EXPECT_THAT(scheduler->plan().no_room, ElementsAre(2));
  EXPECT_TRUE(scheduler->idle());
}

TEST(SchedulerOptions, ThatContradictAreRefused) {
  FakeSlotMemory memory(2, 100);
  KvSlots slots({.slots = 2, .ctx_len = 10}, memory);
  const Capabilities ragged{.slots = 2, .ctx_len = 10, .max_rows = 100};
  const Capabilities compiled{.ragged = false, .slots = 2, .ctx_len = 10};
  const auto make = [&](SchedulerOptions options, const Capabilities& capabilities) {
    return [=, &slots] { Scheduler(options, capabilities, slots); };
  };
  EXPECT_THAT(make({.max_num_seqs = 3}, ragged),
              ThrowsMessage<Error>("max_num_seqs is 3, the session has 2 slots"));
  EXPECT_THAT(make({.max_num_seqs = 0}, ragged), ThrowsMessage<Error>(HasSubstr("at least 1")));
  EXPECT_THAT(make({.max_num_seqs = 2, .max_num_batched_tokens = 1}, ragged),
              ThrowsMessage<Error>(HasSubstr("less than max_num_seqs (2)")));
  EXPECT_THAT(make({.max_num_seqs = 2, .max_queue = 0}, ragged),
              ThrowsMessage<Error>(HasSubstr("max_queue")));
  EXPECT_THAT(make({.max_num_seqs = 2, .max_prefill_runs = 0}, ragged),
              ThrowsMessage<Error>(HasSubstr("max_prefill_runs")));
  EXPECT_THAT(make({.max_num_seqs = 2}, compiled), ThrowsMessage<Error>(HasSubstr("no compiled shape")));
}

}  // namespace
}  // namespace tessera::engine
