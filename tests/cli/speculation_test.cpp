/// Speculation and the engine's flags as a user meets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>

#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using Arguments = std::vector<std::string>;

std::string model(const char* name) {
  return (test_data() / "models" / name).string();
}

json::value generate(const Arguments& more) {
  Arguments args{"generate", model("llama-stories260k"), "-p", "Once upon a time", "-n", "60", "--json"};
  args.insert(args.end(), more.begin(), more.end());
  const Finished run = run_tessera(args);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return run.exit_code == 0 ? json::parse(run.out) : json::value();
}

TEST(SpeculationFlags, ChangeNoText) {
  const json::value plain = generate({"--temperature", "0.8", "--seed", "3"});
  EXPECT_EQ(plain.at("metrics").at("speculation").at("drafts"), 0);
  const std::vector<Arguments> ways{{"--speculation", "prompt-lookup", "--num-speculative-tokens", "4"},
                                    {"--speculation", "draft", "--draft-model", model("llama-stories260k"),
                                     "--num-speculative-tokens", "2,6"}};
  for (Arguments way : ways) {
    way.insert(way.end(), {"--temperature", "0.8", "--seed", "3"});
    const json::value result = generate(way);
    EXPECT_EQ(result.at("tokens"), plain.at("tokens"));
    EXPECT_GT(result.at("metrics").at("speculation").at("drafts").to_number<int>(), 0);
  }
}

TEST(SpeculationFlags, TellAPersonWhatWasAccepted) {
  const Finished run = run_tessera({"generate", model("llama-stories260k"), "-p", "Once", "-n", "20",
                                    "--speculation", "draft", "--draft-model", model("llama-stories260k")});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("proposed tokens accepted"));
}

TEST(SpeculationFlags, StandInARunFileToo) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "run.yaml")
      << "model: " << model("llama-stories260k")
      << "\nengine:\n  speculation: draft\n  draft_model: " << model("llama-stories260k")
      << "\n  num_speculative_tokens: [3]\n  max_num_seqs: 2\n"
         "generate:\n  prompt: Once\n  max_new_tokens: 20\noutput:\n  json: true\n";
  const Finished run = run_tessera({"run", (folder.path() / "run.yaml").string()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const json::value result = json::parse(run.out);
  EXPECT_GT(result.at("metrics").at("speculation").at("accepted_tokens").to_number<int>(), 0);
  EXPECT_EQ(result.at("metrics").at("speculation").at("accepted_by_position").as_array().size(), 3U);
}

struct Refused {
  Arguments flags;
  int exit_code;
  const char* message;
};

TEST(EngineFlags, AreRefusedByName) {
  const std::vector<Refused> cases{
      {{"--speculation", "medusa"}, 3, "unknown speculation 'medusa'"},
      {{"--speculation", "draft"}, 3, "needs a draft model"},
      {{"--speculation", "draft", "--draft-model", "/no/such/model"}, 4, "/no/such/model"},
      {{"--speculation", "draft", "--draft-model", model("llama3-tiny")}, 3, "another tokenizer"},
      {{"--speculation", "prompt-lookup", "--num-speculative-tokens", "0"}, 3, "not ascending from 1"},
      {{"--num-speculative-tokens", "x"}, 3, "'x' is not a whole number"},
      {{"--scheduling-policy", "lifo"}, 3, "unknown scheduling policy 'lifo'"},
      {{"--max-num-seqs", "0"}, 3, "below the least value"},
      {{"--max-num-seqs", "8", "--max-num-batched-tokens", "4"}, 3, "max_num_batched_tokens is 4"},
  };
  for (const Refused& refused : cases) {
    Arguments args{"generate", model("llama-stories260k"), "-p", "Once", "-n", "2"};
    args.insert(args.end(), refused.flags.begin(), refused.flags.end());
    const Finished run = run_tessera(args);
    EXPECT_EQ(run.exit_code, refused.exit_code) << run.err;
    EXPECT_THAT(run.err, HasSubstr(refused.message));
  }
}

TEST(EngineFlags, ChangeNoText) {
  const json::value plain = generate({});
  EXPECT_EQ(
      generate({"--max-num-seqs", "1", "--max-num-batched-tokens", "3", "--prefill-chunk", "2",
                "--scheduling-policy", "fair", "--no-preempt", "--no-prefix-caching", "--kv-tokens", "300"})
          .at("tokens"),
      plain.at("tokens"));
}

}  // namespace
}  // namespace tessera::test
