/// `bench --serve`: what is made of times, and the command.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/bench/serve/statistics.hpp"
#include "tests/cli/process.hpp"

namespace tessera::cli {
namespace {

using testing::ElementsAre;
namespace json = boost::json;

TEST(Percentiles, AreNearestRanks) {
  std::vector<double> samples;
  for (int i = 200; i > 0; --i) samples.push_back(i);
  EXPECT_EQ(percentiles(samples).p50, 100);
  EXPECT_EQ(percentiles(samples).p90, 180);
  EXPECT_EQ(percentiles(samples).p99, 198);
  EXPECT_EQ(percentiles({3}).p50, 3);
  EXPECT_EQ(percentiles({3}).p99, 3);
  EXPECT_EQ(percentiles({}).p99, 0);
}

TEST(Timelines, GiveFirstTokensAndGaps) {
  const std::vector<Timeline> requests = {
      {.submitted = 1, .tokens = {3, 4, 6}}, {.submitted = 2, .tokens = {2.5}}, {.submitted = 9}};
  EXPECT_THAT(first_token_times(requests), ElementsAre(2, 0.5));
  EXPECT_THAT(inter_token_times(requests), ElementsAre(1, 2));
}

TEST(DecodeRate, CountsOnlyWhereAllStreamsDecode) {
  // Both decode from 4 to 8; the tokens at 5, 6, 7, 8 of one and at 6 and 8 of the other lie in it.
  const std::vector<Timeline> requests = {{.tokens = {1, 2, 3, 4, 5, 6, 7, 8}}, {.tokens = {4, 6, 8, 10}}};
  EXPECT_DOUBLE_EQ(decode_rate(requests, 2), 6.0 / 4);
  EXPECT_DOUBLE_EQ(decode_rate(requests, 1), 11.0 / 9);
  EXPECT_EQ(decode_rate(requests, 3), 0);
}

TEST(Goodput, CountsRequestsThatKeepBothGoals) {
  const std::vector<Timeline> requests = {{.submitted = 0, .tokens = {1, 2, 5}},   // first 1, mean 2
                                          {.submitted = 0, .tokens = {3, 4}},      // first 3, mean 1
                                          {.submitted = 0, .tokens = {0.5, 1.5}},  // first 0.5, mean 1
                                          {.submitted = 0}};
  EXPECT_EQ(good_requests(requests, {}), 3);
  EXPECT_EQ(good_requests(requests, {.first_token_s = 1}), 2);
  EXPECT_EQ(good_requests(requests, {.first_token_s = 1, .inter_token_s = 1}), 1);
}

json::value bench(std::vector<std::string> more) {
  std::vector<std::string> args = {
      "bench", "--serve", (test::test_data() / "models/llama-stories260k").string(),
      "-p",    "12",      "-n",
      "6",     "-t",      "1",
      "-o",    "json"};
  args.insert(args.end(), more.begin(), more.end());
  const test::Finished run = test::run_tessera(args);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return run.exit_code == 0 ? json::parse(run.out) : json::value();
}

TEST(ServeBench, ClosedLoopsAndALongPrompt) {
  const json::value report =
      bench({"--concurrency", "1,3", "--requests", "6", "--shared-prefix", "10", "--long-prompt", "100"});
  const json::array& rows = report.at("results").as_array();
  ASSERT_EQ(rows.size(), 4U);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(rows[i].at("concurrency"), i == 0 ? 1 : 3);
    EXPECT_EQ(rows[i].at("requests"), 6);
    EXPECT_GT(rows[i].at("decode_tokens_per_s").as_double(), 0);
    EXPECT_GT(rows[i].at("limit_fraction").as_double(), 0);
    EXPECT_GT(rows[i].at("itl_s").at("p99").as_double(), 0);
    EXPECT_GT(rows[i].at("kv_tokens").as_int64(), 0);
    EXPECT_GT(rows[i].at("cached_tokens").as_int64(), 0);  // the shared beginning
    EXPECT_EQ(rows[i + 2].at("test"), "long-prompt");
    EXPECT_EQ(rows[i + 2].at("prompt_tokens"), 100);
    EXPECT_GT(rows[i + 2].at("speed_fraction").as_double(), 0);
  }
}

TEST(ServeBench, OpenLoops) {
  const json::value report = bench(
      {"--request-rate", "500", "--requests", "5", "--range-ratio", "0.5", "--goodput", "ttft:1e6,tpot:1e6"});
  const json::array& rows = report.at("results").as_array();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].at("request_rate").as_double(), 500);
  EXPECT_FALSE(rows[0].as_object().contains("limit_fraction"));
  EXPECT_DOUBLE_EQ(rows[0].at("goodput_requests_per_s").as_double() * rows[0].at("seconds").as_double(), 5);
}

TEST(ServeBench, RefusesWhatMakesNoSense) {
  const std::string model = (test::test_data() / "models/llama-stories260k").string();
  for (const std::vector<std::string>& flags :
       std::vector<std::vector<std::string>>{{"--serve", "--request-rate", "0"},
                                             {"--serve", "--request-rate", "fast"},
                                             {"--serve", "--range-ratio", "2"},
                                             {"--serve", "--goodput", "ttft"},
                                             {"--serve", "--concurrency", "0"},
                                             {"--concurrency", "4"}}) {
    std::vector<std::string> args = {"bench", model};
    args.insert(args.end(), flags.begin(), flags.end());
    EXPECT_EQ(test::run_tessera(args).exit_code, 2) << flags.back();
  }
}

}  // namespace
}  // namespace tessera::cli
