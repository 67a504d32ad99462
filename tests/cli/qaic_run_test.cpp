/// The run file of a card, on the stand-in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tests/cli/process.hpp"

namespace tessera::test {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

std::string config(const char* name) {
  return (test_data().parent_path().parent_path() / "configs" / name).string();
}

Finished run_config(const char* name, std::vector<std::string> words) {
  words.insert(words.begin(),
               {"run", config(name), "--sdk", std::getenv("TESSERA_QAIC_STANDIN"), "--max-tokens", "24"});
  return run_tessera(words);
}

TEST(QaicRun, WritesTheStoryOfTheCpuBackend) {
  const Finished story = run_config("qaic-standin.yaml", {"--precision", "fp32"});
  ASSERT_EQ(story.exit_code, 0) << story.err;
  EXPECT_THAT(story.err, HasSubstr("stand-in"));
  const Finished expected =
      run_tessera({"generate", (test_data() / "models" / "llama-stories260k").string(), "-p",
                   "Once upon a time, there was a little girl", "--max-tokens", "24"});
  EXPECT_EQ(story.out, expected.out) << expected.err;
}

TEST(QaicRun, TheCardsFileDiffersInTheSdkAlone) {
  const Finished card = run_config("qaic.yaml", {}), standin = run_config("qaic-standin.yaml", {});
  ASSERT_EQ(card.exit_code, 0) << card.err;
  EXPECT_EQ(card.out, standin.out);
}

TEST(QaicRun, WithoutAnSdkItSaysWhatIsMissing) {
  const Finished refused = run_tessera({"run", config("qaic.yaml"), "--sdk", "/nonexistent/sdk"},
                                       {.environment = {{"QAIC_COMPILE", ""}, {"QAIC_LIB", ""}}});
  EXPECT_EQ(refused.exit_code, 4) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("/nonexistent/sdk"));
  EXPECT_EQ(refused.out, "");
}

/// Fewer prompts than slots, as many, and more: slots are filled again while others run, and what stood there
/// must not be seen. tests/data/cases/103-prompts-and-slots has the tokens of Hugging Face's own code.
TEST(QaicRun, PromptsAndSlots) {
  const std::filesystem::path folder = test_data() / "cases" / "103-prompts-and-slots";
  std::ifstream file(folder / "case.json");
  const json::value expected =
      json::parse(std::string(std::istreambuf_iterator<char>(file), {})).at("expected");
  for (const char* requests : {"requests-2.jsonl", "requests-4.jsonl", "requests-9.jsonl"}) {
    const Finished run =
        run_tessera({"run", "-m", folder.string(), "--requests", (folder / requests).string(), "--backend",
                     "qaic", "--sdk", std::getenv("TESSERA_QAIC_STANDIN"), "--num-cores", "4", "--precision",
                     "fp32", "--full-batch-size", "4", "--prefill-seq-len", "4", "--ctx-len", "48"});
    ASSERT_EQ(run.exit_code, 0) << requests << run.err;
    std::istringstream lines(run.out);
    std::string line;
    size_t count = 0;
    for (; std::getline(lines, line); ++count) {
      const json::value result = json::parse(line);
      const json::value& wanted = expected.at(count);
      EXPECT_EQ(result.at("id"), static_cast<int64_t>(count)) << requests;
      EXPECT_EQ(result.at("tokens"), wanted.at("tokens_with_eos")) << requests << " " << count;
      EXPECT_EQ(result.at("finish_reason"), wanted.at("finish_reason")) << requests << " " << count;
    }
    EXPECT_EQ(count, static_cast<size_t>(requests[9] - '0'));
  }
}

}  // namespace
}  // namespace tessera::test
