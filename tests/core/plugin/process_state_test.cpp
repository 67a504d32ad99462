// What a plugin changes of the process by being loaded is put back and reported.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <clocale>
#include <limits>
#include <string>

#include "core/plugin/registry.hpp"
#include "tests/core/plugin/test_plugins.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ProcessState, IsPutBackAfterLoading) {
  struct sigaction before {
  }, after{};
  ASSERT_EQ(sigaction(SIGPIPE, nullptr, &before), 0);
  const std::string locale = std::setlocale(LC_ALL, nullptr);

  const PluginRegistry registry(only(broken_plugin("changes_process")));
  EXPECT_THAT(registry.records()[0].notes,
              ElementsAre(HasSubstr("the handler of signal 13 (Broken pipe)"),
                          HasSubstr("the floating-point mode"), HasSubstr("the locale (")));

  ASSERT_EQ(sigaction(SIGPIPE, nullptr, &after), 0);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
  EXPECT_EQ(std::setlocale(LC_ALL, nullptr), locale);
  volatile float denormal = std::numeric_limits<float>::denorm_min();
  EXPECT_GT(denormal * 2.0f, 0.0f) << "denormals are flushed to zero";
}

TEST(ProcessState, AWellBehavedPluginLeavesNoNote) {
  const PluginRegistry registry(only(broken_plugin("valid")));
  EXPECT_THAT(registry.records()[0].notes, testing::IsEmpty());
}

}  // namespace
}  // namespace tessera
