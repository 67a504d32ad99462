/// Programs in float16 through the stand-in, against Hugging Face's own code in float32: within the bounds
/// that docs/qaic.md states, and with the same greedy token wherever the two best logits are farther apart
/// than both could move.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "tessera/auto_model.hpp"
#include "tests/plugins/qaic/runtime/card_model.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::qaic {
namespace {

/// Of the range of a tensor (docs/qaic.md).
constexpr double kHalfLogits = 5e-3, kHalfHiddenStates = 1e-2;
constexpr int64_t kHalfContext = 192, kHalfChunk = 32;
constexpr size_t kForcedTokens = 12;

double range_of(const std::vector<float>& logits) {
  const auto [low, high] = std::minmax_element(logits.begin(), logits.end());
  return static_cast<double>(*high) - *low;
}

/// Largest difference over the range of `expected`.
double distance_of(const std::vector<float>& actual, const std::vector<float>& expected) {
  double worst = 0;
  for (size_t i = 0; i < expected.size(); ++i)
    worst = std::max(worst, std::fabs(static_cast<double>(actual[i]) - expected[i]));
  return worst / range_of(expected);
}

/// The best logit minus the second.
double gap_of(std::vector<float> logits) {
  std::nth_element(logits.begin(), logits.begin() + 1, logits.end(), std::greater<>());
  return static_cast<double>(logits[0]) - logits[1];
}

std::vector<float> run_prompt(CardDecoder& decoder, const std::vector<int64_t>& ids) {
  std::vector<float> logits;
  const auto length = static_cast<int64_t>(ids.size());
  for (int64_t first = 0; first < length; first += kHalfChunk) {
    const int64_t last = std::min(first + kHalfChunk, length);
    logits = decoder.run({{{ids.begin() + first, ids.begin() + last}, first}}, kHalfChunk)[0];
  }
  return logits;
}

std::string underscored(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class HalfNumerics : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, HalfNumerics,
                         testing::Values("llama-stories260k", "llama3-tiny", "mistral-tiny", "gpt2-tiny"),
                         [](const auto& info) { return underscored(info.param); });

TEST_P(HalfNumerics, LogitsAndGreedyTokensOfTheGoldens) {
  const DecoderShapes shapes{.prefill_seq_len = kHalfChunk, .ctx_len = kHalfContext, .full_batch_size = 1};
  const CardModel exact_model({.model = GetParam(), .shapes = shapes}),
      rounded_model({.model = GetParam(), .shapes = shapes, .fp16 = true});
  const auto exact_program = exact_model.program(), rounded_program = rounded_model.program();
  double worst = 0;
  size_t steps = 0, decided = 0;
  for (const test::GoldenCase& golden : test::golden_cases(GetParam())) {
    if (golden.input_ids.size() + kForcedTokens > kHalfContext) continue;
    const NamedTensor all = test::golden_tensor(GetParam(), golden.name, "logits");
    const int64_t vocab = all.dims[1];
    CardDecoder exact(*exact_program, 1, vocab), rounded(*rounded_program, 1, vocab);
    std::vector<float> expected = run_prompt(exact, golden.input_ids),
                       actual = run_prompt(rounded, golden.input_ids);
    EXPECT_LE(distance_of(actual, {all.data.end() - vocab, all.data.end()}), kHalfLogits) << golden.name;
    for (size_t i = 0; i < kForcedTokens; ++i) {
      const int64_t token = golden.continuation_ids[i];
      ASSERT_EQ(argmax(expected), token) << golden.name << " " << i;
      const double distance = distance_of(actual, expected);
      EXPECT_LE(distance, kHalfLogits) << golden.name << " " << i;
      worst = std::max(worst, distance);
      ++steps;
      if (gap_of(expected) > 2 * kHalfLogits * range_of(expected)) {
        EXPECT_EQ(argmax(actual), token) << golden.name << " " << i;
        ++decided;
      }
      const auto position = static_cast<int64_t>(golden.input_ids.size() + i);
      expected = exact.run({{{token}, position}}, 1)[0];
      actual = rounded.run({{{token}, position}}, 1)[0];
    }
  }
  EXPECT_GT(worst, 1e-5) << "nothing was rounded";
  EXPECT_GE(decided * 2, steps);
  std::printf("largest distance in float16: %.2e of the range; %zu of %zu tokens decided\n", worst, decided,
              steps);
}

class HalfEncoderNumerics : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Models, HalfEncoderNumerics,
                         testing::Values("bert-tiny-embed", "bert-tiny-cls", "bert-tiny-mlm"),
                         [](const auto& info) { return underscored(info.param); });

TEST_P(HalfEncoderNumerics, OutputsOfTheGoldens) {
  AutoModel model = AutoModel::from_pretrained(test::model_folder(GetParam()).string());
  CompileOptions compile;
  compile.backend = "qaic";
  compile.num_cores = 4;
  compile.backend_options = {{"sdk", standin_sdk()}, {"seq-len", "32,128"}};
  model.compile(compile);
  double worst = 0;
  for (const test::GoldenCase& golden : test::golden_cases(GetParam())) {
    // Pairs have token types, which this program does not take.
    if (golden.name.find("pair") != std::string::npos || golden.input_ids.size() > 128) continue;
    for (const NamedTensor& tensor : model.forward(golden.input_ids)) {
      const NamedTensor expected = test::golden_tensor(GetParam(), golden.name, tensor.name);
      ASSERT_FALSE(expected.data.empty()) << tensor.name;
      const double distance = test::relative_difference(tensor, expected);
      EXPECT_LE(distance, kHalfHiddenStates) << golden.name << ' ' << tensor.name;
      worst = std::max(worst, distance);
    }
  }
  EXPECT_GT(worst, 1e-5) << "nothing was rounded";
  std::printf("largest distance in float16: %.2e of the range\n", worst);
}

}  // namespace
}  // namespace tessera::qaic
