/// Penalties by their published definitions, and the history that they read.
#include "runtime/sampling/processors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "runtime/sampling/sampler.hpp"

namespace tessera::sampling {
namespace {

/// OpenAI, "Frequency and presence penalties": mu[j] -> mu[j] - c[j] * alpha_frequency
/// - float(c[j] > 0) * alpha_presence, c[j]: how often token j was sampled before.
TEST(PresenceAndFrequency, FollowTheDefinition) {
  const double presence = 0.75, frequency = -0.25;
  std::vector<float> logits = {1, 2, 3, 4, 5};
  const std::vector<TokenCount> counts = {{0, 2, 0}, {1, 0, 1}, {3, 5, 4}};
  LogitEdits edits;
  penalize_presence_and_frequency(presence, frequency, counts, logits, edits);
  EXPECT_FLOAT_EQ(logits[0], 1);  // of the prompt alone: not sampled
  EXPECT_FLOAT_EQ(logits[1], 2 - 1 * -0.25F - 0.75F);
  EXPECT_FLOAT_EQ(logits[2], 3);
  EXPECT_FLOAT_EQ(logits[3], 4 - 4 * -0.25F - 0.75F);
  edits.take_back(logits);
  EXPECT_EQ(logits, (std::vector<float>{1, 2, 3, 4, 5}));
}

std::vector<float> scores_of(const Sampler& sampler) {
  std::vector<float> logits(12);
  for (size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>(i * i % 7) - 2;
  Workspace workspace;
  const Candidates& kept = sampler.candidates(logits, workspace);
  std::vector<float> scores(logits.size(), -INFINITY);
  for (size_t i = 0; i < kept.size(); ++i) scores[static_cast<size_t>(kept.ids[i])] = kept.scores[i];
  return scores;
}

/// Drafts that are taken back leave no trace in any processor.
TEST(Rollback, IsAsIfTheTokensHadNeverBeen) {
  for (const int64_t ngram : {0, 1, 2, 3}) {
    const SamplingParams params{.temperature = 1,
                                .repetition_penalty = 1.3,
                                .presence_penalty = 0.4,
                                .frequency_penalty = 0.2,
                                .no_repeat_ngram_size = ngram,
                                .min_tokens = 5,
                                .seed = 4};
    const std::vector<int64_t> prompt = {1, 2, 1, 2, 3}, ends = {0};
    std::mt19937 random(static_cast<uint32_t>(ngram));
    Sampler sampler(params, prompt, ends);
    std::vector<int64_t> accepted;
    const auto accept = [&] {
      accepted.push_back(static_cast<int64_t>(random() % 4));
      sampler.accept(accepted.back());
    };
    for (int round = 0; round < 60; ++round) {
      const size_t before = accepted.size();
      for (size_t draft = 0; draft < 4; ++draft) accept();
      accepted.resize(before + random() % 3);
      sampler.rollback(accepted.size());
      Sampler fresh(params, prompt, ends);
      for (const int64_t token : accepted) fresh.accept(token);
      ASSERT_EQ(scores_of(sampler), scores_of(fresh)) << "ngram " << ngram << " round " << round;
    }
  }
}

TEST(MinTokens, HoldBackEveryEndToken) {
  Sampler sampler({.temperature = 1, .min_tokens = 2, .seed = 1}, {}, std::vector<int64_t>{3, 5});
  const std::vector<float> held = scores_of(sampler);
  EXPECT_EQ(held[3], -INFINITY);
  EXPECT_EQ(held[5], -INFINITY);
  sampler.accept(1);
  EXPECT_EQ(scores_of(sampler)[3], -INFINITY);
  sampler.accept(1);
  EXPECT_GT(scores_of(sampler)[3], -INFINITY);
}

TEST(Processors, PassOverIdsThatTheHeadHasNot) {
  Sampler sampler(
      {.temperature = 1, .repetition_penalty = 2, .no_repeat_ngram_size = 1, .min_tokens = 1, .seed = 1},
      std::vector<int64_t>{100000}, std::vector<int64_t>{100000});
  EXPECT_GT(scores_of(sampler)[0], -INFINITY);
}

}  // namespace
}  // namespace tessera::sampling
