/// The run file of a card, on the stand-in.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/cli/process.hpp"

namespace tessera::test {
namespace {

using testing::HasSubstr;

std::string config(const char* name) {
  return (test_data().parent_path().parent_path() / "configs" / name).string();
}

Finished run_config(const char* name, std::vector<std::string> words) {
  words.insert(words.begin(),
               {"run", config(name), "--sdk", std::getenv("TESSERA_QAIC_STANDIN"), "--max-new-tokens", "24"});
  return run_tessera(words);
}

TEST(QaicRun, WritesTheStoryOfTheCpuBackend) {
  const Finished story = run_config("qaic-standin.yaml", {"--precision", "fp32"});
  ASSERT_EQ(story.exit_code, 0) << story.err;
  EXPECT_THAT(story.err, HasSubstr("stand-in"));
  const Finished expected =
      run_tessera({"generate", (test_data() / "models" / "llama-stories260k").string(), "-p",
                   "Once upon a time, there was a little girl", "--max-new-tokens", "24"});
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

}  // namespace
}  // namespace tessera::test
