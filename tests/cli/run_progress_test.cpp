#include "cli/run/run_progress.hpp"

#include <gtest/gtest.h>

namespace tessera::cli {
namespace {

TEST(RunProgress, SaysHowManyHowFastAndHowLongStill) {
  EXPECT_EQ(to_string(RunProgress{.done = 25, .total = 100, .tokens = 1000, .seconds = 10}),
            "25/100 requests, 100 tokens/s, 30 s left");
  EXPECT_EQ(to_string(RunProgress{.done = 1, .total = 100, .tokens = 40, .seconds = 2}),
            "1/100 requests, 20 tokens/s, 3:18 left");
  EXPECT_EQ(to_string(RunProgress{.done = 1, .total = 1001, .tokens = 40, .seconds = 20}),
            "1/1001 requests, 2 tokens/s, 5:33:20 left");
}

TEST(RunProgress, OnlyThisRunsRequestsTellTheTime) {
  EXPECT_EQ(to_string(RunProgress{.done = 90, .total = 100, .earlier = 85, .tokens = 10, .seconds = 5}),
            "90/100 requests, 2 tokens/s, 10 s left");
  EXPECT_EQ(to_string(RunProgress{.done = 85, .total = 100, .earlier = 85, .tokens = 0, .seconds = 5}),
            "85/100 requests, 0 tokens/s");
  EXPECT_EQ(to_string(RunProgress{.done = 0, .total = 0}), "0/0 requests");
}

}  // namespace
}  // namespace tessera::cli
