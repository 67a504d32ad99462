// Where plugins are found, and what happens when two files claim the same thing.
#include "core/plugin/search.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "core/plugin/registry.hpp"
#include "tests/core/plugin/error_of.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class PluginSearch : public testing::Test {
 protected:
  void copy(const fs::path& from, const std::string& to) { fs::copy_file(from, folder.path() / to); }

  TemporaryFolder folder;
};

TEST_F(PluginSearch, PathVariableIsAListOfFilesAndFolders) {
  ::setenv("TESSERA_PLUGIN_PATH", ":/a::/b/tessera-x.so:", 1);
  const plugin::Search search = plugin::Search::from_environment();
  ::unsetenv("TESSERA_PLUGIN_PATH");
  ASSERT_EQ(search.named.size(), 2u);
  EXPECT_EQ(search.named[0].path, "/a");
  EXPECT_EQ(search.named[1].path, "/b/tessera-x.so");
  EXPECT_EQ(search.named[1].origin, "TESSERA_PLUGIN_PATH");
}

TEST_F(PluginSearch, MissingPathIsAnErrorThatSaysWhoNamedIt) {
  const Error error = error_of([&] { PluginRegistry({"", {{folder.path() / "none", "run.yaml:7"}}}); });
  EXPECT_EQ(error.code(), ErrorCode::kNotFound);
  EXPECT_EQ(error.message(), "no plugin file or folder of this name, given by run.yaml:7");
  EXPECT_EQ(error.file_name(), (folder.path() / "none").native());
}

TEST_F(PluginSearch, TheSameFileUnderManyNamesCountsOnce) {
  fs::create_symlink(sample_plugin("plain-c"), folder.path() / "a.so");
  fs::create_symlink(sample_plugin("plain-c"), folder.path() / "b.so");
  const PluginRegistry registry(
      {folder.path(), {{folder.path(), "--plugin"}, {sample_plugin("plain-c"), "--plugin"}}});
  EXPECT_EQ(registry.records().size(), 1u);
}

TEST_F(PluginSearch, TwoFilesWithOneIdAreAnErrorThatNamesBoth) {
  copy(sample_plugin("plain-c"), "a.so");
  copy(sample_plugin("plain-c"), "b.so");
  const Error error = error_of([&] { PluginRegistry registry({folder.path(), {}}); });
  EXPECT_EQ(error.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error.message(), "two plugins have the id 'plain-c': " + (folder.path() / "a.so").native() +
                                 " and " + (folder.path() / "b.so").native());
}

TEST_F(PluginSearch, OtherFilesOfAFolderAreLeftAlone) {
  std::ofstream(folder.path() / "README") << "not a plugin";
  std::ofstream(folder.path() / "notes.so") << "not a plugin either, but named like one";
  const PluginRegistry registry({folder.path(), {}});
  ASSERT_EQ(registry.records().size(), 1u);
  EXPECT_TRUE(registry.records()[0].refusal.has_value());
}

TEST_F(PluginSearch, FileWritableByEverybodyIsNoted) {
  copy(sample_plugin("plain-c"), "a.so");
  fs::permissions(folder.path() / "a.so", fs::perms::others_write, fs::perm_options::add);
  const PluginRegistry registry({folder.path(), {}});
  EXPECT_THAT(registry.records()[0].notes, Contains("the file is writable by everybody"));
}

TEST_F(PluginSearch, WithoutPluginsTheRemedySaysSo) {
  const PluginRegistry registry({folder.path(), {}});
  EXPECT_EQ(error_of([&] { registry.find_backend("cpu"); }).remedy_text(),
            "no plugin registers a backend; see tessera plugins");
  EXPECT_EQ(error_of([&] { registry.select_architecture("{}"); }).message(),
            "config.json has no model_type that an architecture recognises");
}

}  // namespace
}  // namespace tessera
