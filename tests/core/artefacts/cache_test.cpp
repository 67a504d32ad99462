#include "core/artefacts/cache.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::artefacts {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
namespace fs = std::filesystem;

Key key(const std::string& options = "-mos=1", const std::string& weights = "w") {
  return {"qpc",
          "LlamaForCausalLM",
          "LlamaForCausalLM",
          {{"graph", "g"}, {"weights", weights}},
          {{"options", options}}};
}

class ArtefactCache : public testing::Test {
 protected:
  void fill(const Building& building, const std::string& program = "program") const {
    fs::create_directories(building.path() / "qpc");
    std::ofstream(building.path() / "qpc/programqpc.bin") << program;
  }
  fs::path add(const Key& key, const std::string& program = "program") const {
    Building building(cache_, key, {});
    fill(building, program);
    return building.keep({"qaic", "/models/llama", "0.1.0"});
  }
  bool has(const Key& key) const {
    std::string damage;
    return cache_.find(key, damage).has_value();
  }
  fs::path model_folder() const { return cache_.root() / key().folder().parent_path(); }
  std::vector<std::string> names(const fs::path& folder) const {
    std::vector<std::string> found;
    for (const auto& item : fs::directory_iterator(folder)) found.push_back(item.path().filename().string());
    return found;
  }
  /// Runs `work` in a process that dies at its end.
  template <class Work>
  void in_killed_process(const Work& work) const {
    const pid_t child = fork();
    if (child == 0) {
      work();
      kill(getpid(), SIGKILL);
    }
    waitpid(child, nullptr, 0);
  }

  test::TemporaryFolder folder_;
  Cache cache_{folder_ / "cache"};
};

TEST_F(ArtefactCache, FindsWhatWasKept) {
  EXPECT_FALSE(has(key()));
  const fs::path entry = add(key());
  EXPECT_EQ(entry, cache_.root() / key().folder());
  EXPECT_TRUE(has(key()));
  EXPECT_FALSE(has(key("-mos=2")));
  EXPECT_THAT(names(model_folder()), ElementsAre(entry.filename().string()));
  EXPECT_THAT(names(entry), testing::UnorderedElementsAre("entry.json", "qpc"));
}

TEST_F(ArtefactCache, WhatIsNotKeptLeavesNothing) {
  {
    Building building(cache_, key(), {});
    fill(building);
  }
  EXPECT_FALSE(has(key()));
  EXPECT_TRUE(fs::is_empty(cache_.root()));
}

TEST_F(ArtefactCache, SaysWhatDiffersFromTheNearest) {
  add(key("-mos=1", "other"));
  add(key("-mos=1"));
  const auto nearest = cache_.nearest(key("-mos=2"), "qaic");
  ASSERT_TRUE(nearest);
  EXPECT_EQ(nearest->entry.folder, cache_.root() / key().folder());
  ASSERT_EQ(nearest->differences.size(), 1U);
  EXPECT_EQ(nearest->differences[0].part, "options");
  EXPECT_FALSE(cache_.nearest(key("-mos=2"), "cpu"));
}

TEST_F(ArtefactCache, ADamagedEntryIsFoundAndReplaced) {
  const fs::path entry = add(key());
  std::ofstream(entry / "qpc/programqpc.bin") << "PROGRAM";
  std::string damage;
  EXPECT_FALSE(cache_.find(key(), damage));
  EXPECT_THAT(damage, HasSubstr("other contents"));
  add(key(), "anew");
  EXPECT_TRUE(has(key()));
  EXPECT_THAT(names(model_folder()), ElementsAre(entry.filename().string()));
}

/// Two keys of one name: 64 bits are compared in full.
TEST_F(ArtefactCache, AnEntryOfAnotherKeyIsNotUsed) {
  const fs::path entry = add(key());
  fs::rename(entry, cache_.root() / key("-mos=2").folder());
  std::string damage;
  EXPECT_FALSE(cache_.find(key("-mos=2"), damage));
  EXPECT_EQ(damage, "it is of another key");
}

TEST_F(ArtefactCache, TheSecondBuilderWaitsAndFindsTheResult) {
  std::atomic<bool> waits{false};
  std::atomic<int> built{0};
  const auto build = [&] {
    Building building(cache_, key(), [&](pid_t) { waits = true; });
    if (has(key())) return;
    ++built;
    while (!waits) std::this_thread::yield();
    fill(building);
    building.keep({"qaic", "", ""});
  };
  std::thread one(build), two(build);
  one.join();
  two.join();
  EXPECT_EQ(built, 1);
  EXPECT_TRUE(has(key()));
}

TEST_F(ArtefactCache, WhatADeadBuilderLeftIsRemovedByTheNext) {
  in_killed_process([&] {
    Building building(cache_, key(), {});
    fill(building);
    std::ofstream(building.path() / "weights") << std::string(1000, 'x');
    kill(getpid(), SIGKILL);
  });
  EXPECT_EQ(names(model_folder()).size(), 2U);  // the lock, and what was built
  EXPECT_FALSE(has(key()));
  add(key("-mos=2"));  // of any key
  EXPECT_THAT(names(model_folder()), ElementsAre(key("-mos=2").folder().filename().string()));
}

TEST_F(ArtefactCache, ADeadBuilderBehindTheRenameLeftAnEntry) {
  in_killed_process([&] {
    Building building(cache_, key(), {});
    fill(building);
    building.keep({"qaic", "", ""});
    kill(getpid(), SIGKILL);
  });
  EXPECT_TRUE(has(key()));
  EXPECT_EQ(cache_.prune({}).removed.size(), 1U);
  EXPECT_TRUE(has(key()));
  EXPECT_EQ(names(model_folder()).size(), 1U);
}

TEST_F(ArtefactCache, PruneLeavesWhatIsBeingBuilt) {
  Building building(cache_, key(), {});
  fill(building);
  EXPECT_TRUE(cache_.prune({.all = true}).removed.empty());
  building.keep({"qaic", "", ""});
  EXPECT_EQ(cache_.prune({.all = true}).busy.size(), 1U);
  EXPECT_TRUE(has(key()));
}

TEST_F(ArtefactCache, PruneTakesDamagedOldAndTooMany) {
  const fs::path damaged = add(key("-mos=3"));
  std::ofstream(damaged / "qpc/programqpc.bin") << "?";
  const fs::path old = add(key("-mos=1")), fresh = add(key("-mos=2"));
  const timespec long_ago[2] = {{1000, 0}, {1000, 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, (old / "entry.json").c_str(), long_ago, 0), 0);
  EXPECT_THAT(cache_.prune({}).removed, ElementsAre(damaged));
  EXPECT_TRUE(cache_.prune({.most_bytes = 14}).removed.empty());
  EXPECT_THAT(cache_.prune({.most_bytes = 13}).removed, ElementsAre(old));
  EXPECT_TRUE(cache_.prune({.unused_seconds = 3600}).removed.empty());
  const Pruned all = cache_.prune({.all = true});
  EXPECT_THAT(all.removed, ElementsAre(fresh));
  EXPECT_EQ(all.bytes, 7U);
  EXPECT_TRUE(fs::is_empty(cache_.root()));
}

TEST_F(ArtefactCache, WhatIsNotOursIsLeftAlone) {
  folder_.write("cache/LlamaForCausalLM/LlamaForCausalLM-0/qpc-0/qpc/programqpc.bin", "of somebody else");
  EXPECT_TRUE(cache_.list(Inspection::kContents).empty());
  EXPECT_TRUE(cache_.prune({.all = true}).removed.empty());
  EXPECT_TRUE(fs::exists(cache_.root() / "LlamaForCausalLM/LlamaForCausalLM-0/qpc-0/qpc/programqpc.bin"));
}

TEST_F(ArtefactCache, ListsWhatCannotBeRead) {
  const fs::path entry = add(key());
  std::ofstream(entry / "entry.json") << "{";
  const std::vector<Listed> all = cache_.list(Inspection::kStamps);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_FALSE(all[0].entry);
  EXPECT_THAT(all[0].damage, HasSubstr("entry.json is broken"));
}

TEST(ArtefactRoot, IsTheFirstThatIsNamed) {
  setenv("TESSERA_ARTEFACT_DIR", "/from/environment", 1);
  EXPECT_EQ(cache_root("/given/"), "/given");
  EXPECT_EQ(cache_root("none"), "");
  EXPECT_EQ(cache_root(), "/from/environment");
  setenv("TESSERA_ARTEFACT_DIR", "none", 1);
  EXPECT_EQ(cache_root(), "");
  EXPECT_EQ(cache_root("/given"), "/given");
  unsetenv("TESSERA_ARTEFACT_DIR");
  setenv("XDG_CACHE_HOME", "/xdg", 1);
  EXPECT_EQ(cache_root(), "/xdg/tessera");
  unsetenv("XDG_CACHE_HOME");
  setenv("HOME", "/home/somebody", 1);
  EXPECT_EQ(cache_root(), "/home/somebody/.cache/tessera");
  unsetenv("HOME");
  EXPECT_THROW(cache_root(), Error);
}

}  // namespace
}  // namespace tessera::artefacts
