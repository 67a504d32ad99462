// Windows that let memory be used again: bounded memory, the same bits, and what is refused then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/core/plugin/error_of.hpp"
#include "tests/plugins/cpu/driver.hpp"

namespace tessera::cpu {
namespace {

using testing::HasSubstr;
using Floats = std::vector<float>;

constexpr int64_t kWindow = 40;
constexpr int64_t kContext = 640;  // ten blocks, sixteen windows

TinyConfig windowed() {
  TinyConfig config;
  config.window = kWindow;
  return config;
}

class Ring : public testing::Test {
 protected:
  TinyLlama model{windowed()};
  const TinyConfig& config = model.config();
  plugin::Program program = compile(model.on_slots(), model.file().c());
  std::vector<int64_t> ids = sample_ids(kContext, config.vocab);

  std::vector<Row> part(int64_t begin, int64_t end, uint32_t slot = 0) const {
    return rows_of({ids.begin() + begin, ids.begin() + end}, slot, begin);
  }

  // Logits [kContext, vocab] of the graph without a cache.
  Floats pure(const std::vector<int64_t>& tokens) {
    std::vector<int64_t> positions(tokens.size());
    std::iota(positions.begin(), positions.end(), 0);
    return run_pure(compile(model.pure(), model.file().c()), config, tokens, positions);
  }

  Floats rows_of_logits(const Floats& logits, int64_t begin, int64_t end) const {
    return {logits.begin() + begin * config.vocab, logits.begin() + end * config.vocab};
  }

  void fill(SlotRunner& runner, int64_t end, int64_t chunk, uint32_t slot = 0) const {
    for (int64_t at = 0; at < end; at += chunk) runner.step(part(at, std::min(at + chunk, end), slot));
  }
};

int64_t number(SlotRunner& runner, const char* property) {
  return runner.session().property(property).as_int64();
}

TEST_F(Ring, GivesTheBitsOfThePureGraphInAnyChunking) {
  const Floats expected = pure(ids);
  for (const int64_t chunk : {int64_t{1}, int64_t{7}, int64_t{64}, int64_t{100}, kContext}) {
    SlotRunner runner(program, config, 2, kContext, static_cast<uint64_t>(chunk));
    Floats all;
    for (int64_t at = 0; at < kContext; at += chunk) {
      const Floats logits = runner.step(part(at, std::min(at + chunk, kContext), 1));
      all.insert(all.end(), logits.begin(), logits.end());
    }
    EXPECT_EQ(all, expected) << "chunks of " << chunk;
  }
}

TEST_F(Ring, MemoryIsTheWindowAndTheLargestStepWhateverTheContext) {
  SlotRunner runner(program, config, 2, kContext, 16);
  // 39 positions before the first row and 16 of the step lie in two blocks at most.
  EXPECT_EQ(number(runner, "kv.slot_tokens"), 128);
  EXPECT_EQ(number(runner, "kv.free_tokens"), 2 * 128);
  fill(runner, 128, 16);
  const int64_t bytes = number(runner, "kv.bytes");
  EXPECT_GE(bytes, 128 * program.property("kv.bytes_per_token").as_int64());
  runner.session().reserve(0, kContext);
  EXPECT_EQ(number(runner, "kv.bytes"), bytes);
  for (int64_t at = 128; at < kContext; at += 16) runner.step(part(at, at + 16));
  EXPECT_EQ(number(runner, "kv.bytes"), bytes);
  EXPECT_EQ(number(runner, "kv.free_tokens"), 128);
  runner.session().reset(0);
  EXPECT_EQ(number(runner, "kv.bytes"), 0);
  EXPECT_EQ(number(runner, "kv.free_tokens"), 2 * 128);
}

TEST_F(Ring, ALayerThatSeesEverythingKeepsEverything) {
  graph::Model mixed = model.on_slots();
  for (graph::Node& node : mixed.graph.nodes) {
    if (node.op_type != "WindowedSlotAttention") continue;
    node.op_type = "SlotAttention";
    const auto is_window = [](const graph::Attribute& a) { return a.name == "window"; };
    node.attributes.erase(std::find_if(node.attributes.begin(), node.attributes.end(), is_window));
    break;
  }
  const plugin::Program keeps_all = compile(mixed, model.file().c());
  SlotRunner runner(keeps_all, config, 1, kContext, 16);
  EXPECT_EQ(number(runner, "kv.slot_tokens"), kContext);
}

TEST_F(Ring, DraftsOfALargestStepAreTakenBack) {
  SlotRunner runner(program, config, 1, kContext, 16);
  fill(runner, 320, 16);
  const Floats expected = pure(ids);
  std::vector<Row> draft = part(320, 336);
  for (Row& row : draft) row.id = (row.id + 1) % config.vocab;
  runner.step(draft);
  EXPECT_EQ(runner.step(part(320, 325)), rows_of_logits(expected, 320, 325));  // written over
  runner.session().truncate(0, 321);
  EXPECT_EQ(runner.step(part(321, 337)), rows_of_logits(expected, 321, 337));
}

TEST_F(Ring, WhatTheWindowHasLostIsRefused) {
  SlotRunner runner(program, config, 2, kContext, 16);
  fill(runner, 256, 16);  // keeps 128 .. 255
  const Error cut = error_of([&] { runner.session().truncate(0, 166); });
  EXPECT_EQ(cut.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(cut.message(), HasSubstr("cannot truncate slot 0 to 166 tokens: a row there sees positions "
                                       "from 127 on, and the window has kept those from 128 on"));
  EXPECT_THAT(error_of([&] { runner.raw_step(part(166, 170), {0}); }).message(),
              HasSubstr("position 166 of slot 0 sees positions from 127 on, and the window keeps those from "
                        "128 on"));
  // The first row alone is within reach, but the last one of the step would overwrite what it sees.
  runner.session().reserve(0, 300);
  std::vector<Row> apart = part(256, 260);
  apart.push_back({0, 170});
  EXPECT_THAT(error_of([&] { runner.raw_step(apart, {0}); }).message(),
              HasSubstr("position 170 of slot 0 sees positions from 131 on, and the window keeps those from "
                        "192 on"));
  EXPECT_THAT(error_of([&] { runner.session().fork(0, 1, 200); }).message(),
              HasSubstr("cannot fork slot 0: its window has kept only the positions from 128 on"));
  const Floats expected = pure(ids);
  EXPECT_EQ(runner.step(part(256, 260)), rows_of_logits(expected, 256, 260));
  runner.session().truncate(0, 250);
  EXPECT_EQ(runner.step(part(250, 260)), rows_of_logits(expected, 250, 260));
}

TEST_F(Ring, TruncatedToNothingItStartsAnew) {
  SlotRunner runner(program, config, 1, kContext, 16);
  fill(runner, 320, 16);
  runner.session().truncate(0, 0);
  EXPECT_EQ(number(runner, "kv.bytes"), 0);
  EXPECT_EQ(runner.step(part(0, 16)), rows_of_logits(pure(ids), 0, 16));
}

TEST_F(Ring, ForksOfASlotThatHasNotWrappedWrapApart) {
  SlotRunner runner(program, config, 2, kContext, 16);
  fill(runner, 100, 16);
  runner.session().fork(0, 1, 90);
  std::vector<int64_t> others = ids;
  for (size_t i = 90; i < others.size(); ++i) others[i] = (others[i] + 1) % config.vocab;
  const Floats expected = pure(ids), expected_other = pure(others);
  for (int64_t at = 100; at < kContext; at += 12) {
    const int64_t end = std::min(at + 12, kContext);
    EXPECT_EQ(runner.step(part(at, end)), rows_of_logits(expected, at, end)) << at;
    const std::vector<int64_t> tokens(others.begin() + at - 10, others.begin() + end - 10);
    EXPECT_EQ(runner.step(rows_of(tokens, 1, at - 10)), rows_of_logits(expected_other, at - 10, end - 10))
        << at;
  }
}

TEST_F(Ring, StepsOfMoreRowsThanTheSessionKeepsRoomForAreRefused) {
  SlotRunner runner(program, config, 1, kContext, 16);
  EXPECT_THAT(error_of([&] { runner.step(part(0, 17)); }).message(),
              HasSubstr("a step of 17 rows, the session takes at most 16"));
}

}  // namespace
}  // namespace tessera::cpu
