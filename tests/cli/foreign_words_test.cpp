/// Words of Efficient Transformers' command line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/prompt_list.hpp"
#include "tests/cli/process.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string stories() {
  return (test_data() / "models" / "llama-stories260k").string();
}

boost::json::value tokens_of(const std::vector<std::string>& args) {
  const Finished run = run_tessera(args);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return run.exit_code == 0 ? boost::json::parse(run.out).at("tokens") : boost::json::value();
}

TEST(ForeignWords, NameTheSameSettings) {
  const boost::json::value own = tokens_of({"generate", stories(), "-p", "Once", "-n", "5", "--json"});
  EXPECT_EQ(own.as_array().size(), 5U);
  EXPECT_EQ(own, tokens_of({"generate", "some/name", "--local-model-dir", stories(), "-p", "Once",
                            "--generation_len", "5", "--json"}));
}

TEST(ForeignWords, APromptIsALineOfTheFile) {
  const TemporaryFolder folder;
  const std::string file = folder.write("prompts.txt", "Once\r\n\nLily|Tom\n").string();
  const Finished run =
      run_tessera({"generate", stories(), "--prompts-txt-file-path", file, "-n", "3", "--json"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const boost::json::array results = boost::json::parse(run.out).as_array();
  ASSERT_EQ(results.size(), 2U);
  EXPECT_EQ(results[0].at("tokens"), tokens_of({"generate", stories(), "-p", "Once", "-n", "3", "--json"}));
  // The cpu backend's users mean a bar when they write one.
  EXPECT_EQ(results[1].at("tokens"),
            tokens_of({"generate", stories(), "-p", "Lily|Tom", "-n", "3", "--json"}));
  const Finished empty = run_tessera(
      {"generate", stories(), "--prompts-txt-file-path", folder.write("empty.txt", "\n").string()});
  EXPECT_EQ(empty.exit_code, 3);
  EXPECT_THAT(empty.err, HasSubstr("the file holds no prompt"));
}

TEST(ForeignWords, TheCacheOfTheHubIsAFolder) {
  const TemporaryFolder folder;
  const std::string commit(40, 'a');
  const auto repository = folder.path() / "models--org--tiny";
  std::filesystem::create_directories(repository / "refs");
  std::filesystem::create_directories(repository / "snapshots");
  folder.write("models--org--tiny/refs/main", commit);
  std::filesystem::create_directory_symlink(stories(), repository / "snapshots" / commit);
  tokens_of(
      {"generate", "org/tiny", "--cache-dir", folder.path().string(), "-p", "Once", "-n", "1", "--json"});
}

TEST(ForeignWords, AreRefusedBesideWhatTheyNameAndWhereThereIsNoNetwork) {
  const Finished both = run_tessera({"generate", stories(), "-p", "a", "-n", "3", "--generation-len", "3"});
  EXPECT_EQ(both.exit_code, 2);
  EXPECT_THAT(both.err, HasSubstr("both --max-tokens and --generation-len are given"));
  const Finished token = run_tessera({"generate", stories(), "-p", "a", "--hf-token", "hf_x"});
  EXPECT_EQ(token.exit_code, 2);
  EXPECT_THAT(token.err, HasSubstr("nothing here uses the network"));
}

TEST(PromptList, IsSplitAtBarsThatAreNoPartOfAToken) {
  EXPECT_THAT(cli::split_prompts("a|b c||d|"), ElementsAre("a", "b c", "d"));
  EXPECT_THAT(cli::split_prompts("<|user|>a|<|user|>b"), ElementsAre("<|user|>a", "<|user|>b"));
  EXPECT_THAT(cli::split_prompts("|"), IsEmpty());
}

}  // namespace
}  // namespace tessera::test
