// Slots that share what they hold, and memory that is limited.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "tessera/sdk/wire.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/plugins/cpu/driver.hpp"

namespace tessera::cpu {
namespace {

using testing::HasSubstr;
using Floats = std::vector<float>;
using Ids = std::vector<int64_t>;

class Fork : public testing::Test {
 protected:
  TinyLlama model;
  plugin::Program program = compile(model.on_slots(), model.file().c());
  Ids ids = sample_ids(200, model.config().vocab);
  SlotRunner runner{program, model.config(), 3};

  Ids other(size_t from) const {
    Ids changed = ids;
    for (size_t i = from; i < changed.size(); ++i) changed[i] = (changed[i] + 1) % model.config().vocab;
    return changed;
  }
  static std::vector<Row> part(const Ids& tokens, size_t begin, size_t end, uint32_t slot) {
    const auto first = tokens.begin() + static_cast<int64_t>(begin);
    return rows_of({first, first + static_cast<int64_t>(end - begin)}, slot, static_cast<int64_t>(begin));
  }
  // Logits of the positions [begin, end) in a session of their own.
  Floats alone(const Ids& tokens, size_t begin, size_t end) const {
    SlotRunner fresh(program, model.config(), 1);
    if (begin > 0) fresh.step(part(tokens, 0, begin, 0));
    return fresh.step(part(tokens, begin, end, 0));
  }
  int64_t number(const char* property) { return runner.session().property(property).as_int64(); }
};

TEST_F(Fork, HasTheBitsOfComputingThePrefixAgain) {
  ASSERT_TRUE(runner.session().can_fork());
  for (const size_t tokens : {1u, 63u, 64u, 65u, 128u, 150u}) {
    for (uint32_t slot = 0; slot < 3; ++slot) runner.session().reset(slot);
    runner.step(part(ids, 0, 150, 2));
    runner.session().fork(2, 0, tokens);
    const Ids changed = other(tokens);
    EXPECT_EQ(runner.step(part(changed, tokens, 200, 0)), alone(changed, tokens, 200)) << tokens;
    EXPECT_EQ(runner.step(part(ids, 150, 200, 2)), alone(ids, 150, 200)) << tokens;
  }
}

TEST_F(Fork, WritesOverWhatIsSharedReachOneSlotOnly) {
  runner.step(part(ids, 0, 130, 0));
  runner.session().fork(0, 1, 130);
  runner.session().fork(1, 2, 128);
  // The source goes back and writes something else over what all three hold, without saying so before.
  const Ids changed = other(50);
  EXPECT_EQ(runner.step(part(changed, 50, 70, 0)), alone(changed, 50, 70));
  EXPECT_EQ(runner.step(part(ids, 130, 150, 1)), alone(ids, 130, 150));
  const Ids third = other(100);
  runner.session().truncate(2, 100);
  EXPECT_EQ(runner.step(part(third, 100, 140, 2)), alone(third, 100, 140));
  EXPECT_EQ(runner.step(part(ids, 150, 160, 1)), alone(ids, 150, 160));
}

TEST_F(Fork, OutlivesItsSource) {
  runner.step(part(ids, 0, 130, 0));
  runner.session().fork(0, 1, 129);
  runner.session().reset(0);
  runner.step(part(other(0), 0, 130, 0));
  EXPECT_EQ(runner.step(part(ids, 129, 150, 1)), alone(ids, 129, 150));
}

TEST_F(Fork, SharedMemoryCountsOnce) {
  const int64_t all = number("kv.free_tokens");
  runner.step(part(ids, 0, 150, 0));
  EXPECT_EQ(number("kv.free_tokens"), all - 192);
  runner.session().fork(0, 1, 130);  // two blocks shared, the part of a third copied
  EXPECT_EQ(number("kv.free_tokens"), all - 192 - 64);
  runner.session().fork(0, 2, 128);
  EXPECT_EQ(number("kv.free_tokens"), all - 192 - 64);
  const int64_t bytes = number("kv.bytes");
  runner.session().reset(0);
  EXPECT_EQ(number("kv.free_tokens"), all - 192);
  EXPECT_LT(number("kv.bytes"), bytes);
  runner.session().reset(1);
  EXPECT_EQ(number("kv.free_tokens"), all - 128);
  runner.session().reset(2);
  EXPECT_EQ(number("kv.free_tokens"), all);
  EXPECT_EQ(number("kv.bytes"), 0);
}

TEST_F(Fork, TruncateGivesRoomBack) {
  const int64_t all = number("kv.free_tokens");
  runner.step(part(ids, 0, 150, 0));
  runner.session().reserve(0, 200);
  EXPECT_EQ(number("kv.free_tokens"), all - 256);
  runner.session().truncate(0, 150);
  EXPECT_EQ(number("kv.free_tokens"), all - 192);
  runner.session().truncate(0, 65);
  EXPECT_EQ(number("kv.free_tokens"), all - 128);
  EXPECT_THAT(error_of([&] { runner.raw_step(part(ids, 65, 150, 0), {0}); }).message(),
              HasSubstr("position 128 of slot 0 is not reserved (room for 128 tokens)"));
  EXPECT_EQ(runner.step(part(ids, 65, 150, 0)), alone(ids, 65, 150));
  runner.session().truncate(0, 0);
  EXPECT_EQ(number("kv.free_tokens"), all);
}

TEST_F(Fork, WhatMakesNoSenseIsRefused) {
  runner.step(part(ids, 0, 100, 0));
  runner.step(part(ids, 0, 10, 1));
  const auto message = [&](uint32_t from, uint32_t to, uint64_t tokens) {
    const Error error = error_of([&] { runner.session().fork(from, to, tokens); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    return error.message();
  };
  EXPECT_THAT(message(0, 1, 50), HasSubstr("cannot fork slot 0 to slot 1, which is not empty"));
  EXPECT_THAT(message(0, 0, 50), HasSubstr("cannot fork slot 0 to slot 0, which is not empty"));
  EXPECT_THAT(message(0, 2, 101), HasSubstr("cannot fork 101 tokens of slot 0, which holds 100"));
  EXPECT_THAT(message(0, 3, 1), HasSubstr("slot 3 does not exist: the session has 3 slots"));
  EXPECT_THAT(message(3, 0, 1), HasSubstr("slot 3 does not exist: the session has 3 slots"));
  EXPECT_EQ(runner.step(part(ids, 10, 100, 1)), alone(ids, 10, 100));
}

class LimitedMemory : public Fork {
 protected:
  // Three blocks, where two slots of 200 tokens could hold eight.
  static plugin::OptionList three_blocks(const plugin::Program& program) {
    const int64_t block = (64 * program.property("kv.bytes_per_token").as_int64() + 4095) / 4096 * 4096;
    return {{"kv-memory", std::to_string(3 * block + 100)}};
  }
  SlotRunner limited{program, model.config(), 2, 200, 512, three_blocks(program)};
  int64_t free_tokens() { return limited.session().property("kv.free_tokens").as_int64(); }
  void expect_no_room(const std::function<void()>& action) {
    const int64_t before = free_tokens();
    EXPECT_EQ(error_of(action).code(), ErrorCode::kOutOfMemory);
    EXPECT_EQ(free_tokens(), before);
  }
};

TEST_F(LimitedMemory, ReserveAndForkAnswerThatThereIsNone) {
  EXPECT_EQ(free_tokens(), 192);
  expect_no_room([&] { limited.session().reserve(0, 193); });
  limited.step(part(ids, 0, 130, 0));
  expect_no_room([&] { limited.session().reserve(1, 1); });
  expect_no_room([&] { limited.session().fork(0, 1, 129); });
  limited.session().fork(0, 1, 128);
  expect_no_room([&] { limited.session().reserve(1, 129); });
  limited.session().truncate(0, 100);
  EXPECT_EQ(free_tokens(), 64);
  EXPECT_EQ(limited.step(part(ids, 128, 150, 1)), alone(ids, 128, 150));
}

TEST_F(LimitedMemory, AStepThatCannotCopyWhatIsSharedTouchesNothing) {
  limited.step(part(ids, 0, 130, 0));
  limited.session().fork(0, 1, 128);
  expect_no_room([&] { limited.raw_step(part(other(100), 100, 110, 1), {0}); });
  EXPECT_EQ(limited.step(part(ids, 130, 140, 0)), alone(ids, 130, 140));
  limited.session().reset(0);
  EXPECT_EQ(limited.step(part(ids, 128, 150, 1)), alone(ids, 128, 150));
}

TEST_F(LimitedMemory, TheProgramsLimitHoldsForItsSessions) {
  const std::string bytes = three_blocks(program).front().second;
  const plugin::Program small = cpu_backend().compile({.model = graph::write_model(model.on_slots()),
                                                       .base_dir = "",
                                                       .weights = model.file().c(),
                                                       .options = {{"kv-memory", bytes}},
                                                       .progress = {}});
  SlotRunner inherits(small, model.config(), 2),
      own(small, model.config(), 2, 200, 512, {{"kv-memory", "100000000"}});
  EXPECT_EQ(inherits.session().property("kv.free_tokens").as_int64(), 192);
  EXPECT_EQ(own.session().property("kv.free_tokens").as_int64(), 512);
}

TEST_F(LimitedMemory, ANegativeLimitIsRefused) {
  const Error error = error_of([&] { program.create_session({1, 10, 10, {{"kv-memory", "-1"}}}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(error.message(), HasSubstr("option 'kv-memory' is -1"));
}

}  // namespace
}  // namespace tessera::cpu
