#include "runtime/sampling/sampling_defaults.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera::sampling {
namespace {

using testing::HasSubstr;

SamplingParams parse(std::string_view text) {
  return parse_sampling_defaults(text, "generation_config.json");
}

TEST(SamplingDefaults, AreThoseOfTheFileWhenItSamples) {
  const SamplingParams params = parse(R"({"do_sample": true, "temperature": 0.6, "top_k": 20, "top_p": 0.95,
      "min_p": 0.1, "typical_p": 0.9, "repetition_penalty": 1.1, "no_repeat_ngram_size": 3, "min_new_tokens": 2,
      "num_beams": 1, "eos_token_id": [1, 2], "transformers_version": "5.24.0"})");
  EXPECT_EQ(params.temperature, 0.6);
  EXPECT_EQ(params.top_k, 20);
  EXPECT_EQ(params.top_p, 0.95);
  EXPECT_EQ(params.min_p, 0.1);
  EXPECT_EQ(params.typical_p, 0.9);
  EXPECT_EQ(params.repetition_penalty, 1.1);
  EXPECT_EQ(params.no_repeat_ngram_size, 3);
  EXPECT_EQ(params.min_tokens, 2);
}

TEST(SamplingDefaults, AreGreedyUnlessTheFileSaysThatItSamples) {
  for (const char* text : {R"({})", R"({"do_sample": null, "temperature": 0.6, "top_k": null})",
                           R"({"do_sample": false, "temperature": 0.6, "typical_p": 0.5, "top_p": 0.9})"}) {
    const SamplingParams params = parse(text);
    EXPECT_TRUE(params.greedy()) << text;
    EXPECT_EQ(params.top_p, 1) << text;
  }
  EXPECT_EQ(parse(R"({"repetition_penalty": 1.2})").repetition_penalty, 1.2);
}

TEST(SamplingDefaults, SampleAtTemperatureOneWhenNoneIsGiven) {
  EXPECT_EQ(parse(R"({"do_sample": true})").temperature, 1);
}

struct RefusedDefault {
  const char* text;
  const char* key;
  const char* message;
  ErrorCode code;
};
class SamplingDefaultsRefuse : public testing::TestWithParam<RefusedDefault> {};
TEST_P(SamplingDefaultsRefuse, AndNameFileAndKey) {
  try {
    parse(GetParam().text);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), GetParam().code);
    EXPECT_EQ(error.key_name(), GetParam().key);
    EXPECT_EQ(error.file_name(), "generation_config.json");
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
    EXPECT_THAT(error.remedy_text(), HasSubstr("--generation-config none"));
  }
}
INSTANTIATE_TEST_SUITE_P(
    Files, SamplingDefaultsRefuse,
    testing::Values(RefusedDefault{R"({"do_sample": "yes"})", "do_sample",
                                   "is a string, expected true or false", ErrorCode::kCorruptData},
                    RefusedDefault{R"({"do_sample": true, "temperature": -1})", "temperature",
                                   "temperature is -1", ErrorCode::kCorruptData},
                    RefusedDefault{R"({"do_sample": true, "top_k": 2.5})", "top_k", "expected a whole number",
                                   ErrorCode::kCorruptData},
                    RefusedDefault{R"({"repetition_penalty": 0})", "repetition_penalty", "above 0",
                                   ErrorCode::kCorruptData},
                    RefusedDefault{R"({"num_beams": 4})", "num_beams", "beam search is not supported",
                                   ErrorCode::kNotSupported},
                    RefusedDefault{R"({"suppress_tokens": [1]})", "suppress_tokens", "is not supported",
                                   ErrorCode::kNotSupported}));

}  // namespace
}  // namespace tessera::sampling
