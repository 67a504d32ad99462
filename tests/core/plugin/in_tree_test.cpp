// The plugins of this tree, found as a program that runs from the build finds them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/plugin/registry.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

TEST(InTreePlugins, AreAllAcceptedAndLeaveTheProcessAlone) {
  const PluginRegistry registry({build_folder("TESSERA_TEST_IN_TREE_PLUGINS"), {}});
  EXPECT_FALSE(registry.records().empty());
  int64_t all_us = 0;
  for (const PluginRecord& record : registry.records()) {
    EXPECT_FALSE(record.refusal.has_value()) << record.path << ": " << record.refusal->message();
    EXPECT_THAT(record.notes, testing::Not(testing::Contains(testing::HasSubstr("changed")))) << record.path;
    all_us += record.load_us;
  }
  RecordProperty("load_us", std::to_string(all_us));  // measured, not judged: CI machines differ
}

}  // namespace
}  // namespace tessera
