/// Sampling as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/cli/process.hpp"

namespace tessera::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

std::string model(const char* name) {
  return (test_data() / "models" / name).string();
}

json::value generate(const Arguments& more, const char* name = "llama-stories260k") {
  Arguments args{"generate", model(name), "-p", "Once upon a time", "-n", "24", "--json"};
  args.insert(args.end(), more.begin(), more.end());
  const Finished run = run_tessera(args);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return run.exit_code == 0 ? json::parse(run.out) : json::value();
}

json::value tokens(const Arguments& more, const char* name = "llama-stories260k") {
  return generate(more, name).at("tokens");
}

TEST(Sampling, ASeedGivesOneText) {
  const json::value first = generate({"--temperature", "0.8", "--seed", "1"});
  EXPECT_EQ(first.at("seed"), 1);
  EXPECT_EQ(tokens({"--temperature", "0.8", "--seed", "1", "-t", "1"}), first.at("tokens"));
  EXPECT_NE(tokens({"--temperature", "0.8", "--seed", "2"}), first.at("tokens"));
  EXPECT_NE(tokens({}), first.at("tokens"));
}

TEST(Sampling, ADrawnSeedIsNamedAndRepeatsTheText) {
  const json::value drawn = generate({"--temperature", "1"});
  const std::string seed = std::to_string(drawn.at("seed").as_int64());
  EXPECT_EQ(tokens({"--temperature", "1", "--seed", seed}), drawn.at("tokens"));
}

TEST(Sampling, OneTokenToDrawFromIsGreedy) {
  const json::value greedy = tokens({"--temperature", "0"});
  EXPECT_EQ(tokens({"--temperature", "1", "--top-k", "1", "--seed", "3"}), greedy);
  EXPECT_EQ(tokens({"--temperature", "1", "--top-p", "0", "--seed", "3"}), greedy);
  EXPECT_EQ(tokens({"--temperature", "1", "--min-p", "1", "--seed", "3"}), greedy);
}

TEST(Sampling, ChoiceIIsTheSameForEveryN) {
  const Arguments sampled{"--temperature", "0.9", "--seed", "5"};
  Arguments three = sampled;
  three.insert(three.end(), {"--n", "3"});
  const json::value choices = generate(three);
  ASSERT_EQ(choices.as_array().size(), 3U);
  EXPECT_EQ(choices.at(0).at("tokens"), tokens(sampled));
  EXPECT_NE(choices.at(1).at("tokens"), choices.at(0).at("tokens"));
  EXPECT_NE(choices.at(2).at("tokens"), choices.at(1).at("tokens"));
}

TEST(Sampling, APromptBesideOthersGetsTheTextItHasAlone) {
  const Arguments sampled{"--temperature", "0.9", "--seed", "5"};
  Arguments together = sampled;
  together.insert(together.end(), {"-p", "The dog", "-p", "A"});
  EXPECT_EQ(generate(together).at(0).at("tokens"), tokens(sampled));
}

TEST(Sampling, BestOfGivesTheLikeliest) {
  const json::value all = generate({"--temperature", "1", "--seed", "5", "--n", "4", "--logprobs", "0"});
  const json::value best = generate({"--temperature", "1", "--seed", "5", "--best-of", "4"});
  double largest = -1e30;
  json::value expected;
  for (const json::value& choice : all.as_array()) {
    double sum = 0;
    for (const json::value& token : choice.at("logprobs").as_array()) sum += token.at("logprob").as_double();
    const double mean = sum / static_cast<double>(choice.at("logprobs").as_array().size());
    if (mean <= largest) continue;
    largest = mean;
    expected = choice.at("tokens");
  }
  EXPECT_EQ(best.at("tokens"), expected);
  EXPECT_EQ(best.as_object().if_contains("logprobs"), nullptr);
}

TEST(Sampling, LogprobsNameTheBestTokens) {
  const json::value result = generate({"--logprobs", "2", "--temperature", "0"});
  const json::array& logprobs = result.at("logprobs").as_array();
  ASSERT_EQ(logprobs.size(), result.at("tokens").as_array().size());
  for (const json::value& token : logprobs) {
    EXPECT_EQ(token.at("top").as_array().size(), 2U);
    EXPECT_EQ(token.at("top").at(0).at("token"), token.at("token"));  // greedy
    EXPECT_LE(token.at("logprob").as_double(), 0);
  }
}

TEST(Sampling, PenaltiesAndBiasesActOnGreedyTextToo) {
  const json::value greedy = tokens({});
  EXPECT_NE(tokens({"--repetition-penalty", "2"}), greedy);
  EXPECT_NE(tokens({"--frequency-penalty=-2", "--presence-penalty=-2"}), greedy);
  EXPECT_NE(tokens({"--no-repeat-ngram", "1"}), greedy);
  const std::string first = std::to_string(greedy.at(0).as_int64());
  EXPECT_NE(tokens({"--logit-bias", first + "=-100"}).at(0), greedy.at(0));
}

TEST(Sampling, MinTokensHoldBackEndTokensAndStopTexts) {
  const std::string second = std::to_string(tokens({}).at(1).as_int64());
  EXPECT_EQ(tokens({"--stop-token-ids", second}).as_array().size(), 2U);
  EXPECT_GE(tokens({"--stop-token-ids", second, "--min-tokens", "8"}).as_array().size(), 8U);
  EXPECT_EQ(generate({"--stop", "girl", "--min-tokens", "20"}).at("tokens").as_array().size(), 24U);
}

/// llama3-tiny's generation_config.json says do_sample, temperature 0.6, top_p 0.9.
TEST(GenerationConfig, HoldsForWhatIsNotGiven) {
  const char* name = "llama3-tiny";
  const json::value sampled = tokens({"--temperature", "0.6", "--top-p", "0.9", "--seed", "4"}, name);
  EXPECT_EQ(tokens({"--seed", "4"}, name), sampled);
  EXPECT_NE(tokens({"--seed", "4", "--top-p", "1", "--temperature", "3"}, name), sampled);
  const json::value greedy = tokens({"--generation-config", "none"}, name);
  EXPECT_EQ(tokens({"--temperature", "0"}, name), greedy);
  EXPECT_NE(greedy, sampled);
}

struct Refused {
  const char* name;
  Arguments flags;
  const char* message;
  int exit_code = 3;
};
class SamplingRefuses : public testing::TestWithParam<Refused> {};

TEST_P(SamplingRefuses, WhatItCannotDo) {
  Arguments args{"generate", model("llama-stories260k"), "-p", "Once", "-n", "4"};
  args.insert(args.end(), GetParam().flags.begin(), GetParam().flags.end());
  const Finished run = run_tessera(args);
  EXPECT_EQ(run.exit_code, GetParam().exit_code) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Flags, SamplingRefuses,
    testing::Values(Refused{"negative_temperature", {"--temperature=-1"}, "temperature is -1"},
                    Refused{"nan", {"--top-p", "nan"}, "'nan' is not a number"},
                    Refused{"top_p", {"--temperature", "1", "--top-p", "1.5"}, "top_p is 1.5"},
                    Refused{"negative_top_k", {"--top-k=-3"}, "-3 is below the least value, 0"},
                    Refused{"greedy_texts", {"--n", "2"}, "2 texts at temperature 0"},
                    Refused{
                        "best_of", {"--temperature", "1", "--n", "3", "--best-of", "2"}, "less than n, 3"},
                    Refused{"bias", {"--logit-bias", "a=1"}, "'a=1' is no bias of a token"},
                    Refused{"bias_of_no_token", {"--logit-bias", "512=1"}, "outside the 512 rows"},
                    Refused{"empty_stop", {"--stop", ""}, "a stop text is empty"},
                    Refused{"source", {"--generation-config", "file"}, "neither auto nor none"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tessera::test
