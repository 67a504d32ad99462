/// What the card's path computes is what the model computes.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cmath>

#include "core/json/json.hpp"
#include "runtime/verify/golden_file.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/plugins/qaic/runtime/card_model.hpp"

namespace tessera::qaic {
namespace {

struct GoldenCase {
  std::string name;
  std::vector<int64_t> prompt, continuation;
};

std::vector<int64_t> integers(const boost::json::value& list) {
  std::vector<int64_t> values;
  for (const auto& value : list.as_array()) values.push_back(value.as_int64());
  return values;
}

std::vector<GoldenCase> golden_cases(const std::string& model) {
  std::vector<GoldenCase> cases;
  const boost::json::value root = parse_json(golden_text(model + "/cases.json"), model);
  for (const auto& value : root.as_array())
    cases.push_back({value.at("name").as_string().c_str(), integers(value.at("input_ids")),
                     integers(value.at("continuation_ids"))});
  return cases;
}

const CardModel& stories(bool fp16) {
  static std::map<bool, std::unique_ptr<CardModel>> models;
  std::unique_ptr<CardModel>& model = models[fp16];
  if (!model)
    model = std::make_unique<CardModel>(
        CardBuild{.shapes = {.prefill_seq_len = 32, .ctx_len = 512, .full_batch_size = 3}, .fp16 = fp16});
  return *model;
}

TEST(CardTokens, AreTheGoldenOnesAtFp32) {
  const auto program = stories(false).program();
  CardDecoder decoder(*program, 3, kVocab);
  for (const GoldenCase& golden : golden_cases("llama-stories260k")) {
    if (golden.prompt.size() + golden.continuation.size() > 512) continue;
    EXPECT_EQ(decoder.greedy(golden.prompt, golden.continuation.size(), 32, 1), golden.continuation)
        << golden.name;
  }
}

TEST(CardTokens, OfSeveralSlotsDoNotMeet) {
  const auto program = stories(false).program();
  CardDecoder decoder(*program, 3, kVocab);
  std::vector<GoldenCase> golden = golden_cases("llama-stories260k");
  std::erase_if(golden, [](const GoldenCase& c) { return c.prompt.size() > 32; });
  ASSERT_GE(golden.size(), 3u);
  std::vector<std::vector<int64_t>> made(3);
  std::vector<std::vector<float>> logits(3);
  for (size_t slot = 0; slot < 3; ++slot) {
    const std::vector<int64_t>& prompt = golden[slot].prompt;
    logits[slot] = decoder.run({{prompt, 0, static_cast<int64_t>(slot)}}, 32)[0];
  }
  for (size_t step = 0; step < 12; ++step) {
    std::vector<CardDecoder::Row> rows;
    for (size_t slot = 0; slot < 3; ++slot) {
      made[slot].push_back(argmax(logits[slot]));
      rows.push_back({{made[slot].back()},
                      static_cast<int64_t>(golden[slot].prompt.size() + step),
                      static_cast<int64_t>(slot)});
    }
    std::swap(rows[0], rows[2]);  // rows name their slot, whatever their order
    logits = decoder.run(rows, 1);
    std::swap(logits[0], logits[2]);
  }
  for (size_t slot = 0; slot < 3; ++slot)
    EXPECT_TRUE(std::equal(made[slot].begin(), made[slot].end(), golden[slot].continuation.begin())) << slot;
}

// A plain batch: row b is slot b, and a call may name only some of them.
TEST(CardTokens, WithoutContinuousBatchingRowsStandAtTheirSlot) {
  const CardModel model({.shapes = {.prefill_seq_len = 16, .ctx_len = 128, .batch_size = 2}});
  const auto program = model.program();
  EXPECT_FALSE(program->shapes().has_slots_input());
  CardDecoder decoder(*program, 2, kVocab);
  const std::vector<GoldenCase> golden = golden_cases("llama-stories260k");
  const std::vector<int64_t> first(golden[1].continuation.begin(), golden[1].continuation.begin() + 10);
  EXPECT_EQ(decoder.greedy(golden[1].prompt, 10, 16, 1), first);
  EXPECT_EQ(decoder.greedy(golden[1].prompt, 10, 16, 0), first);
}

// float16 has 11 bits: what the rounding of weights, keys and logits adds up to here stays within a hundredth
// of the logits' range.
TEST(CardTokens, AtFp16LogitsAreNear) {
  const auto exact = stories(false).program(), rounded = stories(true).program();
  EXPECT_EQ(rounded->shapes().find("past_key.0")->type, IoDataType::kFloat16);
  CardDecoder a(*exact, 1, kVocab), b(*rounded, 1, kVocab);
  const std::vector<int64_t> prompt = golden_cases("llama-stories260k")[1].prompt;
  const std::vector<float> expected = a.run({{prompt, 0}}, 32)[0], actual = b.run({{prompt, 0}}, 32)[0];
  const auto [low, high] = std::minmax_element(expected.begin(), expected.end());
  float worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::abs(expected[i] - actual[i]));
  EXPECT_GT(worst, 0);
  EXPECT_LT(worst, 0.01f * (*high - *low));
}

/// Logits of a prompt, and of one more token that reads its keys and values.
struct TwoRuns {
  std::vector<float> prompt, next;

  explicit TwoRuns(const CardModel& model) {
    const auto program = model.program();
    CardDecoder decoder(*program, 1, kVocab);
    const std::vector<int64_t> ids = golden_cases("llama-stories260k")[1].prompt;
    prompt = decoder.run({{ids, 0}}, 32)[0];
    next = decoder.run({{{ids[0]}, static_cast<int64_t>(ids.size())}}, 1)[0];
  }
};

float distance(const std::vector<float>& a, const std::vector<float>& b) {
  float worst = 0;
  for (size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
  return worst;
}

// MXINT8 states lose when a run ends: the prompt's own run knows nothing of it. MXFP6 weights lose at once,
// and more.
TEST(CardTokens, LoseWhatMicroscalingLoses) {
  const DecoderShapes shapes{.prefill_seq_len = 32, .ctx_len = 64, .full_batch_size = 1};
  const TwoRuns half(CardModel({.shapes = shapes, .fp16 = true}));
  const TwoRuns states(CardModel({.shapes = shapes, .fp16 = true, .mxint8 = true}));
  const TwoRuns weights(CardModel({.shapes = shapes, .fp16 = true, .mxfp6 = true}));
  EXPECT_EQ(states.prompt, half.prompt);
  EXPECT_GT(distance(states.next, half.next), 0);
  EXPECT_GT(distance(weights.prompt, half.prompt), distance(states.next, half.next));
  const auto [low, high] = std::minmax_element(half.prompt.begin(), half.prompt.end());
  EXPECT_LT(distance(weights.prompt, half.prompt), 0.25f * (*high - *low));
}

TEST(CardTokens, NoiseDependsOnTheShape) {
  const StandInScript script("noise-ppm 1000\n");
  const auto program = stories(false).program();
  CardDecoder decoder(*program, 1, kVocab);
  const auto a = decoder.run({{{1}, 0}}, 32)[0], b = decoder.run({{{1}, 0}}, 1)[0],
             c = decoder.run({{{1}, 0}}, 32)[0];
  EXPECT_NE(a, b);
  EXPECT_EQ(a, c);
}

TEST(CardTokens, OfAnEncoderAreCutToWhatWasGiven) {
  const CardModel model({.model = "bert-tiny-mlm", .encoder_lengths = {16, 64}, .encoder_batch = 2});
  const auto program = model.program();
  ASSERT_EQ(program->shapes().sizes().size(), 2u);
  std::string output;
  for (const IoBinding& binding : program->shapes().bindings())
    if (binding.output) output = binding.name;
  const std::vector<int64_t> dims = program->shapes().find(output)->dims;
  const auto session = program->create_session({0, 0, 1, {}});
  const std::vector<int64_t> ids = {2, 17, 80, 45, 3};
  const auto alone = run_encoder(*session, output, ids, 1, {1, 5, dims[2]});
  // Five rows are three runs of two, several in flight; the longer shape gives the same.
  std::vector<int64_t> many;
  for (int i = 0; i < 5; ++i) many.insert(many.end(), ids.begin(), ids.end());
  const auto all = run_encoder(*session, output, many, 5, {5, 5, dims[2]});
  for (size_t row = 0; row < 5; ++row)
    for (size_t i = 0; i < alone.size(); ++i)
      ASSERT_FLOAT_EQ(all[row * alone.size() + i], alone[i]) << row << " " << i;
}

}  // namespace
}  // namespace tessera::qaic
