#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tessera/sampling.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::sampling {
namespace {

using testing::HasSubstr;

TEST(SamplingParams, AreValidAsTheyStart) {
  EXPECT_NO_THROW(validate(SamplingParams{}));
  EXPECT_TRUE(SamplingParams{}.greedy());
}

struct Refused {
  const char* name;
  SamplingParams params;
  const char* key;
  const char* message;
};
class SamplingParamsRefuse : public testing::TestWithParam<Refused> {};

TEST_P(SamplingParamsRefuse, AndNameTheField) {
  try {
    validate(GetParam().params);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.key_name(), GetParam().key);
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_NE(error.remedy_text(), "");
  }
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Values, SamplingParamsRefuse,
    testing::Values(
        Refused{"negative_temperature",
                {.temperature = -0.1},
                "temperature",
                "is -0.1, expected a number from 0"},
        Refused{"nan_temperature", {.temperature = kNan}, "temperature", "is nan"},
        Refused{"infinite_temperature", {.temperature = kInf}, "temperature", "is inf"},
        Refused{"negative_top_k", {.top_k = -1}, "top_k", "is -1, expected a whole number from 0"},
        Refused{"top_p_above_1", {.top_p = 1.5}, "top_p", "is 1.5, expected a number from 0 to 1"},
        Refused{"nan_top_p", {.top_p = kNan}, "top_p", "is nan"},
        Refused{"min_p_above_1", {.min_p = 2}, "min_p", "is 2"},
        Refused{"typical_p_of_0",
                {.temperature = 1, .typical_p = 0},
                "typical_p",
                "expected a number above 0 to 1"},
        Refused{"no_repetition_penalty",
                {.repetition_penalty = 0},
                "repetition_penalty",
                "expected a number above 0"},
        Refused{"presence_penalty",
                {.presence_penalty = 2.1},
                "presence_penalty",
                "expected a number from -2 to 2"},
        Refused{"frequency_penalty", {.frequency_penalty = -kInf}, "frequency_penalty", "is -inf"},
        Refused{"no_repeat_ngram_size", {.no_repeat_ngram_size = -2}, "no_repeat_ngram_size", "is -2"},
        Refused{"infinite_bias", {.logit_bias = {{3, INFINITY}}}, "logit_bias", "of token 3 is inf"},
        Refused{"negative_bias_id", {.logit_bias = {{-3, 1}}}, "logit_bias", "token id -3 is negative"},
        Refused{"two_biases", {.logit_bias = {{3, 1}, {3, 2}}}, "logit_bias", "token 3 has two biases"},
        Refused{"min_tokens", {.min_tokens = -1}, "min_tokens", "is -1"},
        Refused{"logprobs", {.logprobs = -2}, "logprobs", "is -2, expected a whole number from -1"},
        Refused{"no_text", {.n = 0}, "n", "n is 0"},
        Refused{"best_of_below_n",
                {.temperature = 1, .n = 3, .best_of = 2},
                "best_of",
                "best_of is 2, less than n, 3"},
        Refused{"greedy_texts", {.n = 2}, "n", "2 texts at temperature 0 would all be the same"},
        Refused{"greedy_best_of", {.best_of = 4}, "best_of", "4 texts at temperature 0"},
        Refused{"greedy_typical", {.typical_p = 0.9}, "typical_p", "no meaning at temperature 0"},
        Refused{"beam_search", {.num_beams = 4}, "num_beams", "beam search is not supported"}),
    [](const auto& info) { return info.param.name; });

TEST(SamplingParams, KeepASeedAndDrawOneWhenThereIsNone) {
  EXPECT_EQ(with_seed({.seed = 5}).seed, 5U);
  const auto first = with_seed({}).seed, second = with_seed({}).seed;
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);  // equal with probability 2^-53
  EXPECT_LT(*first, uint64_t{1} << 53);
}

}  // namespace
}  // namespace tessera::sampling
