/// Runs of many requests on compiled shapes, by the stand-in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

class CardRun : public testing::Test {
 protected:
  std::string path(const char* name) const { return (folder_ / name).string(); }

  void write_run(const std::string& precision, const std::string& engine, const std::string& more = "") {
    folder_.write("run.yaml", "model: " + (test_data() / "models" / "llama-stories260k").string() +
                                  "\ncompile: {backend: qaic, ctx_len: 160}\nqaic: {sdk: " +
                                  std::getenv("TESSERA_QAIC_STANDIN") +
                                  ", num_cores: 4, full_batch_size: 4, precision: " + precision + more +
                                  "}\nengine: {" + engine + "}\nrequests_file: in.jsonl\n");
  }
  void write_requests(size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
      text += "{\"id\": " + std::to_string(i) + ", \"prompt\": \"a b c d e a b c d e number " +
              std::to_string(i) + " a b\", \"max_tokens\": 24, \"ignore_eos\": true" +
              (i % 2 == 0 ? "}\n" : ", \"temperature\": 0.8, \"seed\": 5}\n");
    }
    folder_.write("in.jsonl", text);
  }
  Finished run(const Arguments& more = {}, const ProcessOptions& options = {}) const {
    Arguments args{"run", path("run.yaml"), "-o", path("out.jsonl")};
    args.insert(args.end(), more.begin(), more.end());
    return run_tessera(args, options);
  }
  std::vector<json::value> lines(const char* name) const {
    std::vector<json::value> values;
    std::ifstream file(path(name));
    for (std::string line; std::getline(file, line);) values.push_back(json::parse(line));
    return values;
  }
  size_t lines_so_far(const char* name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    const std::string bytes = text.str();
    return static_cast<size_t>(std::count(bytes.begin(), bytes.end(), '\n'));
  }

  TemporaryFolder folder_;
};

TEST_F(CardRun, SpeculationChangesNoLineAndAReplayGivesTheSame) {
  write_requests(6);
  write_run("fp32", "");
  ASSERT_EQ(run().exit_code, 0);
  const std::vector<json::value> plain = lines("out.jsonl");
  fs::remove(path("out.jsonl"));
  write_run(
      "fp32",
      "speculation: draft, num_speculative_tokens: [0, 2], draft_options: {num_cores: 2}, draft_model: " +
          (test_data() / "models" / "llama-stories260k").string());
  const Finished drafted = run({"--receipt", path("receipt.json")});
  ASSERT_EQ(drafted.exit_code, 0) << drafted.err;
  EXPECT_THAT(drafted.err, HasSubstr("with the prompts"));
  const std::vector<json::value> results = lines("out.jsonl");
  ASSERT_EQ(results.size(), 6U);
  int64_t drafts = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].at("tokens"), plain[i].at("tokens")) << i;
    EXPECT_GT(results[i].at("metrics").at("total_tps").to_number<double>(), 0);
    drafts += results[i].at("metrics").at("speculation").at("drafts").to_number<int64_t>();
  }
  EXPECT_GT(drafts, 0);
  const Finished replayed = run_tessera({"replay", path("receipt.json"), "--json"});
  ASSERT_EQ(replayed.exit_code, 0) << replayed.err;
  EXPECT_TRUE(json::parse(replayed.out).at("promised").as_bool());
  EXPECT_EQ(json::parse(replayed.out).at("equal"), 6);
}

TEST_F(CardRun, AReplayPromisesNothingWhereTheProgramRounds) {
  write_requests(2);
  write_run("fp16", "");
  const Finished made = run({"--receipt", path("receipt.json")});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const Finished replayed = run_tessera({"replay", path("receipt.json"), "--json"});
  ASSERT_EQ(replayed.exit_code, 0) << replayed.err;
  EXPECT_FALSE(json::parse(replayed.out).at("promised").as_bool());
  EXPECT_EQ(json::parse(replayed.out).at("compared"), 2);
}

TEST_F(CardRun, ResumesWhatWasKilled) {
  write_requests(24);
  write_run("fp32", "speculation: prompt-lookup");
  const Finished killed =
      run({}, {.signal_when = [this] { return lines_so_far("out.jsonl.partial") >= 3; }, .signal = SIGKILL});
  ASSERT_EQ(killed.exit_code, 128 + SIGKILL) << killed.err;
  const Finished resumed = run({"--resume", "--json"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_GE(json::parse(resumed.out).at("earlier").to_number<int>(), 3);
  const std::vector<json::value> results = lines("out.jsonl");
  fs::remove(path("out.jsonl"));
  ASSERT_EQ(run().exit_code, 0);
  const std::vector<json::value> whole = lines("out.jsonl");
  ASSERT_EQ(results.size(), 24U);
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].at("index"), static_cast<int64_t>(i));
    EXPECT_EQ(results[i].at("tokens"), whole[i].at("tokens")) << i;
  }
}

TEST_F(CardRun, RefusesWhatDoesNotGoTogetherOnceAndWritesNothing) {
  write_requests(3);
  const auto refused = [&](const char* engine, const char* message, const char* more = "") {
    write_run("fp32", engine, more);
    const Finished run = this->run();
    EXPECT_EQ(run.exit_code, 3) << engine << run.err;
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_FALSE(fs::exists(path("out.jsonl")) || fs::exists(path("out.jsonl.partial")));
  };
  refused("prefill_chunk: 8", "prefill_chunk does nothing");
  refused("tenant_weights: {a: 2}", "of the scheduling policy 'fair' alone");
  refused("speculation: draft", "needs a draft model");
  refused("num_speculative_tokens: [0, 3]", "speculation is off");
  refused("speculation: prompt-lookup, num_speculative_tokens: [0, 5]", "do not fit the compiled numbers: 3",
          ", speculative_model_type: target, num_speculative_tokens: [0, 3]");
}

}  // namespace
}  // namespace tessera::test
