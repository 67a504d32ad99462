// Slots, and what a step refuses before it touches anything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "tests/core/plugin/error_of.hpp"
#include "tests/plugins/cpu/driver.hpp"

namespace tessera::cpu {
namespace {

using testing::HasSubstr;
using Floats = std::vector<float>;

class Session : public testing::Test {
 protected:
  TinyLlama model;
  plugin::Program program = compile(model.on_slots(), model.file().c());
  SlotRunner runner{program, model.config(), 3, 100, 40};
  std::vector<int64_t> ids = sample_ids(100, model.config().vocab);

  std::vector<Row> part(size_t begin, size_t end, uint32_t slot = 0) const {
    return rows_of({ids.begin() + static_cast<int64_t>(begin), ids.begin() + static_cast<int64_t>(end)}, slot,
                   static_cast<int64_t>(begin));
  }

  // The step must be refused with this message, and slot 0, which holds part(0, 10), must go on as if nothing
  // had been.
  void expect_refused(const std::vector<Row>& rows, const std::vector<int64_t>& logits_rows,
                      const std::string& message) {
    SlotRunner fresh(program, model.config(), 3, 100, 40);
    fresh.step(part(0, 10));
    const Floats expected = fresh.step(part(10, 12));
    runner.session().reset(0);
    runner.step(part(0, 10));
    const Error error = error_of([&] { runner.raw_step(rows, logits_rows); });
    EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(error.message(), HasSubstr(message));
    EXPECT_EQ(runner.step(part(10, 12)), expected) << message;
  }
};

TEST_F(Session, RefusesBadRowsAndNamesThem) {
  expect_refused({{3, 10}, {75, 11}}, {1}, "input 'input_ids' row 1: 75 is not in [0, 75)");
  expect_refused({{-1, 10}}, {0}, "input 'input_ids' row 0: -1 is not in [0, 75)");
  expect_refused({{3, 10}, {3, 100}}, {1},
                 "input 'position_ids' row 1: position 100 is not in [0, 100), nor -1");
  expect_refused({{3, -2}}, {0}, "input 'position_ids' row 0: position -2 is not in [0, 100), nor -1");
  expect_refused({{3, 10, 3}}, {0}, "input 'batch_index' row 0: slot 3 is not in [0, 3)");
  expect_refused({{3, 64}}, {0}, "position 64 of slot 0 is not reserved (room for 64 tokens)");
  expect_refused({{3, 10}, {4, 12}}, {0}, "position 12 of slot 0 leaves a gap: the slot holds 11 tokens");
  expect_refused({{3, 10}, {4, 10}}, {0}, "position 10 of slot 0 is written by two rows");
  expect_refused({{3, 10}}, {1}, "input 'logits_rows' element 0: row 1 is not in [0, 1)");
  expect_refused({{3, 10}}, {-1}, "input 'logits_rows' element 0: row -1 is not in [0, 1)");
  expect_refused(part(10, 51), {0}, "a step of 41 rows, the session takes at most 40");
}

TEST_F(Session, RefusesTensorsThatTheGraphDoesNotTake) {
  std::vector<int64_t> one = {0}, two = {0, 1};
  std::vector<float> logits(75), wrong(76);
  runner.session().reserve(0, 2);
  const auto ints = [](const char* name, std::vector<int64_t> dims, std::vector<int64_t>& values) {
    return plugin::RunTensor{name, graph::DataType::kInt64, std::move(dims), values.data(),
                             values.size() * 8};
  };
  const auto floats = [](const char* name, std::vector<int64_t> dims, std::vector<float>& values) {
    return plugin::RunTensor{name, graph::DataType::kFloat, std::move(dims), values.data(),
                             values.size() * 4};
  };
  const std::vector<plugin::RunTensor> good = {
      ints("input_ids", {1, 1}, one), ints("position_ids", {1, 1}, one), ints("batch_index", {1, 1}, one),
      ints("logits_rows", {1}, one)};
  const plugin::RunTensor out = floats("logits", {1, 1, 75}, logits);
  const auto message = [&](const std::vector<plugin::RunTensor>& inputs,
                           const std::vector<plugin::RunTensor>& outputs) {
    return error_of([&] { runner.session().run(inputs, outputs); }).message();
  };
  const auto with = [&](size_t index, const plugin::RunTensor& tensor) {
    std::vector<plugin::RunTensor> inputs = good;
    inputs[index] = tensor;
    return inputs;
  };
  EXPECT_THAT(message({good[0], good[1], good[2]}, {out}), HasSubstr("input 'logits_rows' is not given"));
  EXPECT_THAT(message(with(3, good[0]), {out}), HasSubstr("input 'input_ids' is given twice"));
  EXPECT_THAT(message(with(3, ints("past_key.0", {1}, one)), {out}),
              HasSubstr("'past_key.0' is not an input"));
  EXPECT_THAT(message(with(1, ints("position_ids", {2, 1}, two)), {out}),
              HasSubstr("expected batch = 1 at dimension 0"));
  EXPECT_THAT(message(with(1, ints("position_ids", {1}, one)), {out}),
              HasSubstr("has shape [1], expected 2 dimensions"));
  EXPECT_THAT(message(with(1, ints("position_ids", {1, 1}, two)), {out}),
              HasSubstr("has 16 bytes, its shape [1, 1]"));
  EXPECT_THAT(message(with(1, floats("position_ids", {1, 1}, logits)), {out}),
              HasSubstr("has dtype float, expected int64"));
  EXPECT_THAT(message(good, {floats("logits", {1, 1, 76}, wrong)}),
              HasSubstr("output 'logits' does not have the shape"));
  EXPECT_THAT(message(good, {floats("logits", {1, 1, 75}, wrong)}),
              HasSubstr("has 300 bytes, the caller gave 304"));
  EXPECT_THAT(message(good, {floats("loglts", {1, 1, 75}, logits)}), HasSubstr("no output 'loglts'"));
  EXPECT_NO_THROW(runner.session().run(good, {out}));
}

TEST_F(Session, StepsWithoutOutputsStillWrite) {
  SlotRunner whole(program, model.config(), 3, 100, 40);
  const Floats all = whole.step(part(0, 20));
  runner.session().reserve(0, 20);
  std::vector<int64_t> id(ids.begin(), ids.begin() + 19), position(19), slot(19, 0), none;
  for (size_t i = 0; i < 19; ++i) position[i] = static_cast<int64_t>(i);
  const auto ints = [](const char* name, std::vector<int64_t> dims, std::vector<int64_t>& values) {
    return plugin::RunTensor{name, graph::DataType::kInt64, std::move(dims), values.data(),
                             values.size() * 8};
  };
  runner.session().run({ints("input_ids", {19, 1}, id), ints("position_ids", {19, 1}, position),
                        ints("batch_index", {19, 1}, slot), ints("logits_rows", {0}, none)},
                       {});
  EXPECT_EQ(runner.raw_step(part(19, 20), {0}), Floats(all.end() - model.config().vocab, all.end()));
}

TEST_F(Session, TruncateForgetsAndResetEmpties) {
  SlotRunner fresh(program, model.config(), 3, 100, 40);
  fresh.step(part(0, 10));
  const Floats expected = fresh.step(part(10, 14));
  runner.step(part(0, 10));
  runner.step({{1, 10}, {2, 11}, {3, 12}});  // a draft that is not taken
  runner.session().truncate(0, 10);
  EXPECT_EQ(runner.step(part(10, 14)), expected);
  runner.session().truncate(0, 5);
  EXPECT_THAT(error_of([&] { runner.raw_step(part(10, 11), {0}); }).message(), HasSubstr("holds 5 tokens"));
  runner.session().reset(0);
  EXPECT_THAT(error_of([&] { runner.raw_step(part(0, 1), {0}); }).message(), HasSubstr("is not reserved"));
  runner.step(part(0, 10));
  EXPECT_EQ(runner.step(part(10, 14)), expected);
}

TEST_F(Session, ReserveCountsBlocksOfThePool) {
  const auto free_tokens = [&] { return runner.session().property("kv.free_tokens").as_int64(); };
  const int64_t all = free_tokens();
  EXPECT_EQ(all, 3 * 128);  // 3 slots of 100 tokens, in blocks of 64
  EXPECT_EQ(runner.session().property("kv.bytes").as_int64(), 0);
  runner.session().reserve(1, 65);
  EXPECT_EQ(free_tokens(), all - 128);
  EXPECT_GE(runner.session().property("kv.bytes").as_int64(),
            128 * program.property("kv.bytes_per_token").as_int64());
  runner.session().reserve(1, 3);  // gives nothing back
  EXPECT_EQ(free_tokens(), all - 128);
  const Error error = error_of([&] { runner.session().reserve(1, 101); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message(), "cannot reserve 101 tokens for slot 1: a slot holds at most 100");
  EXPECT_THAT(error_of([&] { runner.session().reserve(3, 1); }).message(),
              HasSubstr("slot 3 does not exist"));
  runner.session().reset(1);
  EXPECT_EQ(free_tokens(), all);
  EXPECT_EQ(runner.session().property("kv.bytes").as_int64(), 0);
}

TEST_F(Session, SizesThatMakeNoSenseAreRefused) {
  EXPECT_THAT(error_of([&] {
                program.create_session({0, 10, 10, {}});
              }).message(),
              HasSubstr("retains state"));
  EXPECT_THAT(error_of([&] { program.create_session({1, 0, 10, {}}); }).message(), HasSubstr("holds 1 to"));
}

TEST_F(Session, SessionsOfOneProgramRunSideBySide) {
  const plugin::Program two_threads = compile(model.on_slots(), model.file().c(), 2);
  SlotRunner reference(two_threads, model.config());
  const Floats expected = reference.step(part(0, 90));
  std::vector<Floats> results(3);
  std::vector<std::thread> threads;
  for (Floats& result : results) {
    threads.emplace_back([&] {
      SlotRunner own(two_threads, model.config());
      for (size_t at = 0; at < 90; at += 9) {
        const Floats logits = own.step(part(at, at + 9));
        result.insert(result.end(), logits.begin(), logits.end());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Floats& result : results) EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace tessera::cpu
