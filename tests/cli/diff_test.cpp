/// `diff`: the same requests on two backends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "cli/run/result_difference.hpp"
#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace json = boost::json;
using cli::difference_of;
using cli::ResultDifference;
using testing::HasSubstr;

/// A line of a run's output; of each token its log-probability, and that of token 9.
json::object line(const std::vector<int64_t>& tokens, double logprob = -0.5, double of_9 = -1.5) {
  json::array ids(tokens.begin(), tokens.end()), logprobs;
  for (const int64_t token : tokens) {
    logprobs.push_back(json::object{{"token", token},
                                    {"logprob", logprob},
                                    {"top", json::array{json::object{{"token", token}, {"logprob", logprob}},
                                                        json::object{{"token", 9}, {"logprob", of_9}}}}});
  }
  return {{"tokens", ids}, {"error", nullptr}, {"logprobs", logprobs}};
}

TEST(ResultDifference, EqualTokens) {
  const ResultDifference d = difference_of(line({1, 2, 3}), line({1, 2, 3}, -0.75));
  EXPECT_TRUE(d.equal());
  EXPECT_EQ(d.agreement, 1);
  EXPECT_EQ(d.compared, 6U);  // the token and 9, at three places
  EXPECT_EQ(d.largest_distance, 0.25);
  EXPECT_EQ(d.mean_distance, 0.125);
}

TEST(ResultDifference, TheFirstTokenThatDiffers) {
  const ResultDifference d = difference_of(line({1, 2, 3, 4}), line({1, 9, 3}));
  EXPECT_FALSE(d.equal());
  EXPECT_EQ(d.first, 1U);
  EXPECT_EQ(d.token_a, 2);
  EXPECT_EQ(d.token_b, 9);
  EXPECT_EQ(d.margin_a, 1.0);
  EXPECT_EQ(d.agreement, 0.5);
  EXPECT_EQ(d.compared, 3U);  // two at the first place; 9 where they part, not what comes after
}

TEST(ResultDifference, OneEndsEarlier) {
  const ResultDifference d = difference_of(line({1, 2}), line({1, 2, 3}));
  EXPECT_EQ(d.first, 2U);
  EXPECT_EQ(d.token_a, -1);
  EXPECT_EQ(d.token_b, 3);
  EXPECT_FALSE(d.margin_a);
}

TEST(ResultDifference, WithoutProbabilities) {
  json::object a = line({1, 2}), b = line({1, 3});
  a.erase("logprobs");
  const ResultDifference d = difference_of(a, b);
  EXPECT_EQ(d.first, 1U);
  EXPECT_EQ(d.compared, 0U);
}

TEST(ResultDifference, AnErrorIsNoResult) {
  json::object failed = line({});
  failed["error"] = "a reason";
  EXPECT_EQ(difference_of(line({1}), failed).error_b, "a reason");
  EXPECT_FALSE(difference_of(failed, line({})).equal());
}

class Diff : public testing::Test {
 protected:
  /// A run file for the stand-in; with `more` options in its section.
  std::string run_file(const std::string& more) const {
    folder_.write("run.yaml", "model: " + (test_data() / "models" / "llama-stories260k").string() +
                                  "\ncompile: {backend: qaic, ctx_len: 128}\n"
                                  "qaic: {sdk: " +
                                  std::getenv("TESSERA_QAIC_STANDIN") + ", num_cores: 4, full_batch_size: 2" +
                                  more +
                                  "}\n"
                                  "generate: {max_new_tokens: 16}\n"
                                  "requests:\n  - {id: girl, prompt: Once upon a time}\n"
                                  "  - {id: dog, prompt: The dog, temperature: 1}\n"
                                  "  - {id: cat, prompt: The cat was, max_tokens: 5}\n");
    return (folder_ / "run.yaml").string();
  }
  TemporaryFolder folder_;
};

TEST_F(Diff, TheStandInSaysWhatTheCpuBackendSays) {
  const Finished same = run_tessera({"diff", run_file(", precision: fp32"), "--json"});
  ASSERT_EQ(same.exit_code, 0) << same.err << same.out;
  const json::value report = json::parse(same.out);
  EXPECT_EQ(report.at("equal"), 3);
  EXPECT_EQ(report.at("backends").at(0).at("backend"), "cpu");
  EXPECT_FALSE(report.at("backends").at(0).at("stand_in").as_bool());
  EXPECT_EQ(report.at("backends").at(1).at("backend"), "qaic (stand-in)");
  EXPECT_GT(report.at("backends").at(1).at("tokens_per_s").as_double(), 0);
  EXPECT_GT(report.at("backends").at(1).at("mean_ttft_s").as_double(), 0);
  EXPECT_EQ(report.at("requests").at(1).at("id"), "dog");  // drawn with one seed
  const json::value& distance = report.at("requests").at(0).at("logprob_distance");
  EXPECT_GT(distance.at("compared").to_number<int64_t>(), 16);
  EXPECT_LT(distance.at("largest").to_number<double>(), 1e-3);
}

TEST_F(Diff, SaysWhereTheyPartAndThatNoCardComputed) {
  folder_.write("noise", "noise-ppm 200000\n");
  const Finished parted = run_tessera(
      {"diff", run_file("")}, {.environment = {{"QAIC_STANDIN_SCRIPT", (folder_ / "noise").string()}}});
  ASSERT_EQ(parted.exit_code, 5) << parted.err << parted.out;
  EXPECT_THAT(parted.out, HasSubstr("differs first at token"));
  EXPECT_THAT(parted.out, HasSubstr("the stand-in's times mean nothing"));
}

TEST_F(Diff, ABackendWithItself) {
  const Finished same = run_tessera({"diff", run_file(""), "--backends", "cpu,cpu", "--isa", "portable"});
  EXPECT_EQ(same.exit_code, 0) << same.err << same.out;
  EXPECT_THAT(same.out, HasSubstr("3 of 3 requests are equal"));
}

TEST_F(Diff, FlagsGoToTheBackendThatKnowsThem) {
  const Finished same =
      run_tessera({"diff", "-m", (test_data() / "models" / "llama-stories260k").string(), "-p", "Once", "-n",
                   "6", "--sdk", std::getenv("TESSERA_QAIC_STANDIN"), "--num-cores", "4", "--precision",
                   "fp32", "--isa", "portable", "--json"});
  ASSERT_EQ(same.exit_code, 0) << same.err << same.out;
  EXPECT_EQ(json::parse(same.out).at("equal"), 1);
}

TEST_F(Diff, UnknownBackends) {
  EXPECT_EQ(run_tessera({"diff", run_file(""), "--backends", "cpu"}).exit_code, 2);
  const Finished unknown = run_tessera({"diff", run_file(""), "--backends", "cpu,qiac"});
  EXPECT_EQ(unknown.exit_code, 2);
  EXPECT_THAT(unknown.err, HasSubstr("qiac"));
}

}  // namespace
}  // namespace tessera::test
