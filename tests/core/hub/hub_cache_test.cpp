#include "core/hub/hub_cache.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <map>

#include "../checkpoint/safetensors_bytes.hpp"
#include "core/checkpoint/checkpoint.hpp"
#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using test::TemporaryFolder;
using ::testing::HasSubstr;

constexpr const char* kCommit = "0123456789abcdef0123456789abcdef01234567";
constexpr const char* kOlder = "89abcdef0123456789abcdef0123456789abcdef";

/// Sets the variables that decide where the cache is, and puts the old values back.
class HubCache : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"}) {
      const char* value = ::getenv(name);
      if (value != nullptr) before_[name] = value;
      ::unsetenv(name);
    }
  }
  void TearDown() override {
    for (const char* name : {"HF_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"}) {
      ::unsetenv(name);
      if (before_.count(name) != 0) ::setenv(name, before_[name].c_str(), 1);
    }
  }

  static void set(const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); }

  /// A cache as huggingface_hub writes it: blobs, links to them, and refs to the commit.
  static void make_model(const TemporaryFolder& cache, const std::string& name) {
    std::string repository = "models--" + name;
    cache.write(repository + "/blobs/aa", R"({"model_type":"llama"})");
    cache.write(repository + "/blobs/bb", testing::one_tensor("w", 3, 'x'));
    cache.write(repository + "/refs/main", kCommit);
    cache.write(repository + "/refs/pr/1", std::string(kOlder) + "\n");
    for (const char* commit : {kCommit, kOlder}) {
      fs::path snapshot = cache / (repository + "/snapshots/" + commit);
      fs::create_directories(snapshot);
      fs::create_symlink("../../blobs/aa", snapshot / "config.json");
      fs::create_symlink("../../blobs/bb", snapshot / "model.safetensors");
    }
  }

  TemporaryFolder cache_;

 private:
  std::map<std::string, std::string> before_;
};

TEST_F(HubCache, TheVariablesOfTheHubDecideWhereItIs) {
  set("HOME", "/home/u");
  EXPECT_EQ(hub_cache_folder(), "/home/u/.cache/huggingface/hub");
  set("XDG_CACHE_HOME", "/x");
  EXPECT_EQ(hub_cache_folder(), "/x/huggingface/hub");
  set("HF_HOME", "~/hf");
  EXPECT_EQ(hub_cache_folder(), "/home/u/hf/hub");
  set("HF_HUB_CACHE", "");
  EXPECT_EQ(hub_cache_folder(), "/home/u/hf/hub");
  set("HF_HUB_CACHE", "/cache");
  EXPECT_EQ(hub_cache_folder(), "/cache");
}

TEST_F(HubCache, FindsAModelByItsIdAndOpensIt) {
  make_model(cache_, "acme--tiny.llama");
  set("HF_HUB_CACHE", cache_.path().string());
  ModelFolder model = find_model("acme/tiny.llama");
  EXPECT_EQ(model.commit, kCommit);
  EXPECT_EQ(model.folder, cache_ / ("models--acme--tiny.llama/snapshots/" + std::string(kCommit)));
  Checkpoint checkpoint = Checkpoint::open(model.folder);
  EXPECT_EQ(checkpoint.model_type(), "llama");
  EXPECT_EQ(checkpoint.find_tensor("w")->length, 3u);
}

TEST_F(HubCache, FindsARevisionByRefOrCommit) {
  make_model(cache_, "acme--tiny");
  set("HF_HUB_CACHE", cache_.path().string());
  EXPECT_EQ(find_model("acme/tiny@main").commit, kCommit);
  EXPECT_EQ(find_model("acme/tiny@pr/1").commit, kOlder);
  EXPECT_EQ(find_model(std::string("acme/tiny@") + kOlder).commit, kOlder);
}

TEST_F(HubCache, FindsAnOldIdWithoutOrganisation) {
  make_model(cache_, "gpt2");
  set("HF_HUB_CACHE", cache_.path().string());
  EXPECT_EQ(find_model("gpt2").commit, kCommit);
}

TEST_F(HubCache, AFolderThatExistsWins) {
  make_model(cache_, "acme--tiny");
  set("HF_HUB_CACHE", cache_.path().string());
  fs::create_directories(cache_ / "acme/tiny");
  fs::path before = fs::current_path();
  fs::current_path(cache_.path());
  ModelFolder model = find_model("acme/tiny");
  fs::current_path(before);
  EXPECT_EQ(model.folder, "acme/tiny");
  EXPECT_EQ(model.commit, "");
}

TEST_F(HubCache, IdsAreNotPaths) {
  EXPECT_EQ(parse_hub_id("a/b")->repository, "a/b");
  EXPECT_EQ(parse_hub_id("a/b")->revision, "main");
  EXPECT_EQ(parse_hub_id("a/b@v1.0")->revision, "v1.0");
  EXPECT_EQ(parse_hub_id("a/b@refs/pr/1")->revision, "refs/pr/1");
  for (const char* text : {"", "/", "a/", "/a", "a/b/c", "..", "../a", "./a", "a/..", "a b", "a--b", "-a",
                           "a.", "a/b@", "a/b@../x", "a/b@/x", "a/b@x/", "a/b@x y", "é"}) {
    EXPECT_FALSE(parse_hub_id(text)) << text;
  }
}

struct Missing {
  const char* text;
  ErrorCode code;
  const char* message;
  const char* remedy;
};

TEST_F(HubCache, SaysWhereItLookedAndWhatToDo) {
  make_model(cache_, "acme--tiny");
  cache_.write("models--acme--broken/refs/main", "../../../etc");
  cache_.write("models--acme--unfetched/refs/main", kCommit);
  fs::path file = cache_.write("file", "");
  set("HF_HUB_CACHE", cache_.path().string());
  std::string file_name = file.string();
  for (const Missing& c :
       {Missing{"acme/absent", ErrorCode::kNotFound, "cache has no such model",
                "huggingface-cli download acme/absent"},
        Missing{"acme/tiny@v2", ErrorCode::kNotFound, "not its revision 'v2'", kCommit},
        Missing{"acme/unfetched", ErrorCode::kNotFound, "not its revision 'main'",
                "huggingface-cli download"},
        Missing{"acme/broken", ErrorCode::kCorruptData, "holds no commit", "fetch the model again"},
        Missing{"./acme/tiny", ErrorCode::kNotFound, "no such folder", "check the path"},
        Missing{"a/b/c", ErrorCode::kNotFound, "no such folder", "check the path"},
        Missing{"/absent", ErrorCode::kNotFound, "no such folder", "check the path"},
        Missing{"", ErrorCode::kNotFound, "no such folder", "check the path"},
        Missing{file_name.c_str(), ErrorCode::kInvalidArgument, "this is a file", "config.json"}}) {
    SCOPED_TRACE(c.text);
    try {
      find_model(c.text);
      FAIL() << "found";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), c.code);
      EXPECT_THAT(error.message(), HasSubstr(c.message));
      EXPECT_THAT(error.remedy_text(), HasSubstr(c.remedy));
    }
  }
  try {
    find_model("acme/absent");
  } catch (const Error& error) {
    ASSERT_EQ(error.context().size(), 1u);
    EXPECT_THAT(error.context()[0], HasSubstr(cache_.path().string()));
  }
}

}  // namespace
}  // namespace tessera
