#include "runtime/speculation/run_length.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace tessera::speculation {
namespace {

using Members = std::vector<RunMember>;

TEST(RunLength, IsTheLengthWithMostTokensPerTime) {
  RunLength length({2, 5});
  const RunCost cheap{.column = 0.01};
  EXPECT_EQ(length.next(Members{{0.9, 5}, {0.9, 5}}, cheap), 5U);
  EXPECT_EQ(length.next(Members{{0.3, 5}, {0.3, 5}}, {.column = 0.1}), 2U);
  // 1 + 0.3 + 0.09 tokens are not worth 1.5 runs.
  EXPECT_EQ(length.next(Members{{0.3, 5}, {0.3, 5}}, {.column = 0.25}), 0U);
}

TEST(RunLength, CountsThoseWhoOnlyWait) {
  RunLength length({3});
  const RunCost cost{.column = 0.125};
  EXPECT_EQ(length.next(Members{{0.9, 3}}, cost), 3U);
  Members many(8, RunMember{0.9, 0});
  many[0].most = 3;
  EXPECT_EQ(length.next(many, cost), 0U);  // 8 + 2.4 tokens in 1.375 runs
}

TEST(RunLength, FitsWhatHasCome) {
  const RunLength length({2, 5});
  const RunCost cost{.draft_token = 10, .column = 0.01};  // what is there costs nothing any more
  EXPECT_EQ(length.fit(Members{{0.9, 5}, {0.9, 1}}, cost), 5U);
  EXPECT_EQ(length.fit(Members{{0.9, 2}, {0.9, 1}}, cost), 2U);
  EXPECT_EQ(length.fit(Members{{0.9, 0}, {0.9, 0}}, cost), 0U);
  EXPECT_EQ(length.fit(Members{}, cost), 0U);
}

TEST(RunLength, TakesWhatTheShortestShapeHasAnyway) {
  const RunLength length({3, 7});
  EXPECT_EQ(length.fit(Members{{0.05, 7}}, {.column = 0.5, .free_columns = 3}), 3U);
}

TEST(RunLength, TriesAgainAfterAWhile) {
  RunLength length({2, 5});
  const Members hopeless{{0.01, 5}};
  const RunCost cost{.draft_token = 0.3, .column = 0.1};
  std::vector<int> tries;
  for (int run = 1; run <= 120; ++run) {
    if (length.next(hopeless, cost) == 2) tries.push_back(run);
  }
  EXPECT_EQ(tries, (std::vector<int>{16, 48, 112}));
}

}  // namespace
}  // namespace tessera::speculation
