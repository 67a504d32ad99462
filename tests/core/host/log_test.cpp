#include "core/host/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace tessera {
namespace {

class Log : public testing::Test {
 protected:
  void SetUp() override { set_log_level(LogLevel::kInfo); }
  void TearDown() override { set_log_level(LogLevel::kWarn); }
};

TEST_F(Log, WritesOneLineToStderrAndNothingToStdout) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  log(LogLevel::kInfo, "compile", "bytes={} ms={}", 12, 3);
  log(LogLevel::kWarn, "cache", "two\nlines {}");  // plain text: braces are themselves
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "info: compile: bytes=12 ms=3\nwarning: cache: two lines {}\n");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_F(Log, LevelsThatAreOffWriteNothing) {
  testing::internal::CaptureStderr();
  log(LogLevel::kDebug, "compile", "quiet");
  set_log_level(LogLevel::kOff);
  log(LogLevel::kError, "compile", "quiet");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_FALSE(log_enabled(LogLevel::kError));
  EXPECT_EQ(log_level(), LogLevel::kOff);
}

}  // namespace
}  // namespace tessera
