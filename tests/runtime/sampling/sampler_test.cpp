#include "runtime/sampling/sampler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/sdk/error.hpp"

namespace tessera::sampling {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

int64_t choose(const Sampler& sampler, std::vector<float> logits) {
  Workspace workspace;
  return sampler.choose(logits, workspace).token;
}

Sampler sampler(SamplingParams params, std::vector<int64_t> prompt = {}, std::vector<int64_t> ends = {}) {
  if (!params.seed) params.seed = 1;
  return Sampler(std::move(params), prompt, ends);
}

std::string message_of(const Sampler& s, std::vector<float> logits) {
  try {
    choose(s, std::move(logits));
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Greedy, TakesTheLowestIdOfEquals) {
  EXPECT_EQ(choose(sampler({}), {0, 2, 2, 1}), 1);
  EXPECT_EQ(choose(sampler({}), {-0.0F, 0.0F}), 0);
  EXPECT_EQ(choose(sampler({}), {-1, -0.0F, 0.0F}), 1);
  EXPECT_EQ(choose(sampler({}), {-INFINITY, -3}), 1);
  std::vector<float> many(1000, -1.0F);
  many[700] = many[999] = 0;
  EXPECT_EQ(choose(sampler({}), many), 700);
}

TEST(Sampler, RefusesRowsThatAreNoLogits) {
  std::vector<float> logits(100, 0.0F);
  logits[33] = NAN;
  EXPECT_THAT(message_of(sampler({}), logits), HasSubstr("the logit of token 33 is nan"));
  logits[33] = INFINITY;
  EXPECT_THAT(message_of(sampler({.temperature = 1}), logits), HasSubstr("the logit of token 33 is inf"));
  EXPECT_THAT(message_of(sampler({}), {-INFINITY, -INFINITY}), HasSubstr("leave no token"));
  EXPECT_THAT(message_of(sampler({.no_repeat_ngram_size = 1}, {0, 1}), {1, 2}), HasSubstr("leave no token"));
}

TEST(Sampler, LeavesTheRowAsItWas) {
  const Sampler s = sampler({.temperature = 0.7,
                             .top_k = 2,
                             .repetition_penalty = 1.3,
                             .presence_penalty = 1,
                             .no_repeat_ngram_size = 2,
                             .logit_bias = {{2, 5.0F}},
                             .min_tokens = 3,
                             .logprobs = 2},
                            {0, 1, 0}, {3});
  std::vector<float> logits = {0.5F, -1, 2, 9};
  const std::vector<float> before = logits;
  Workspace workspace;
  s.choose(logits, workspace);
  EXPECT_EQ(logits, before);
}

TEST(Sampler, GivesTheSameTokenHoweverOftenItIsAsked) {
  const Sampler s = sampler({.temperature = 1, .seed = 9});
  const std::vector<float> logits(500, 0.0F);
  const int64_t token = choose(s, logits);
  EXPECT_EQ(choose(s, logits), token);
  EXPECT_NE(choose(s.fork(1), logits), token);
  Sampler next = s;
  next.accept(token);
  EXPECT_NE(choose(next, logits), token);
  next.rollback(0);
  EXPECT_EQ(choose(next, logits), token);
}

TEST(Sampler, NeedsASeedToSample) {
  EXPECT_THROW(Sampler({.temperature = 1}, {}, {}), Error);
  EXPECT_NO_THROW(Sampler({}, {}, {}));
}

}  // namespace
}  // namespace tessera::sampling
