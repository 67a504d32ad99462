// Every pooling mode by hand, and scores.
#include "runtime/encoder/pooling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "runtime/encoder/scores.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

const std::vector<float> kTokens = {1, -2, 3, 4, 5, -6};  // 3 tokens of width 2

std::vector<float> pooled(std::vector<PoolingMode> modes, bool include_prompt = true, int64_t prompt = 0) {
  return pool({std::move(modes), include_prompt}, kTokens, 2, prompt);
}

TEST(Pooling, FollowsEachDefinition) {
  EXPECT_THAT(pooled({PoolingMode::kCls}), ElementsAre(1, -2));
  EXPECT_THAT(pooled({PoolingMode::kMax}), ElementsAre(5, 4));
  EXPECT_THAT(pooled({PoolingMode::kMean}), ElementsAre(FloatEq(3), FloatEq(-4.0f / 3)));
  EXPECT_THAT(pooled({PoolingMode::kMeanSqrtLen}),
              ElementsAre(FloatEq(9 / std::sqrt(3.0f)), FloatEq(-4 / std::sqrt(3.0f))));
  EXPECT_THAT(pooled({PoolingMode::kWeightedMean}), ElementsAre(FloatEq(22.0f / 6), FloatEq(-12.0f / 6)));
  EXPECT_THAT(pooled({PoolingMode::kLastToken}), ElementsAre(5, -6));
}

TEST(Pooling, JoinsModes) {
  EXPECT_THAT(pooled({PoolingMode::kCls, PoolingMode::kLastToken}), ElementsAre(1, -2, 5, -6));
}

TEST(Pooling, LeavesOutThePromptWhereTheFolderSaysSo) {
  EXPECT_THAT(pooled({PoolingMode::kMean}, false, 1), ElementsAre(4, -1));
  EXPECT_THAT(pooled({PoolingMode::kMax}, false, 2), ElementsAre(5, -6));
  // Weights stay those of the places in the whole text.
  EXPECT_THAT(pooled({PoolingMode::kWeightedMean}, false, 1), ElementsAre(FloatEq(21.0f / 5), FloatEq(-2)));
  EXPECT_THAT(pooled({PoolingMode::kMean}, true, 1), ElementsAre(FloatEq(3), FloatEq(-4.0f / 3)));
}

TEST(Pooling, KnowsItsNames) {
  EXPECT_EQ(parse_pooling_mode("mean"), PoolingMode::kMean);
  EXPECT_EQ(parse_pooling_mode("mean_tokens"), PoolingMode::kMean);
  EXPECT_EQ(parse_pooling_mode("mean_sqrt_len_tokens"), PoolingMode::kMeanSqrtLen);
  EXPECT_EQ(pooling_text({{PoolingMode::kCls, PoolingMode::kMean}, true}), "cls+mean");
  EXPECT_THROW(parse_pooling_mode("middle"), Error);
}

TEST(Scores, AreSoftmaxSigmoidOrTheLogits) {
  const std::vector<float> logits = {1000, 999, -1000};
  const std::vector<float> softmax = scores_of(logits, FunctionToApply::kSoftmax);
  EXPECT_NEAR(softmax[0], 1 / (1 + std::exp(-1.0)), 1e-7);
  EXPECT_EQ(softmax[2], 0);
  EXPECT_THAT(scores_of(std::vector<float>{0}, FunctionToApply::kSigmoid), ElementsAre(0.5f));
  EXPECT_EQ(scores_of(logits, FunctionToApply::kNone), logits);
}

TEST(Scores, AreOrderedWithTheLowerIndexFirstAmongEquals) {
  const std::vector<float> scores = {1, 3, std::nanf(""), 3, 2};
  EXPECT_THAT(best(scores, 3), ElementsAre(1, 3, 4));
  EXPECT_THAT(best(scores, -1), ElementsAre(1, 3, 4, 0, 2));
}

}  // namespace
}  // namespace tessera
