#include "runtime/speculation/adaptive_length.hpp"

#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera::speculation {
namespace {

constexpr DraftCost kCheap{.draft_token = 0, .verify_row = 0.05, .free_rows = 100};

AdaptiveLength after(size_t drafts, size_t proposed, size_t accepted) {
  AdaptiveLength length({1, 2, 3, 4, 5, 6, 7, 8});
  for (size_t i = 0; i < drafts; ++i) length.record(proposed, accepted);
  return length;
}

TEST(AdaptiveLength, IsLongWhenAllIsAcceptedAndOffWhenNothingIs) {
  EXPECT_EQ(after(20, 4, 4).next(kCheap), 8U);
  EXPECT_EQ(after(50, 4, 0).next(kCheap), 0U);
}

TEST(AdaptiveLength, GrowsWithAcceptance) {
  size_t last = 0;
  for (const size_t accepted : {0U, 1U, 2U, 3U, 4U}) {
    const size_t length = after(40, 4, accepted).next(kCheap);
    EXPECT_GE(length, last) << accepted;
    last = length;
  }
}

TEST(AdaptiveLength, FollowsWhatRowsCost) {
  AdaptiveLength length = after(40, 4, 3);  // 3 of 4 are accepted
  const size_t cheap = length.next(kCheap);
  const size_t dear = length.next({.draft_token = 0, .verify_row = 0.4, .free_rows = 100});
  EXPECT_GT(cheap, dear);
  EXPECT_EQ(length.next({.draft_token = 0.5, .verify_row = 0.6, .free_rows = 100}), 0U);
}

TEST(AdaptiveLength, NeedsRoomInTheBatch) {
  AdaptiveLength length = after(20, 4, 4);
  EXPECT_EQ(length.next({.verify_row = 0.05, .free_rows = 3}), 3U);
  EXPECT_EQ(length.next({.verify_row = 0.05, .free_rows = 0}), 0U);
}

TEST(AdaptiveLength, TakesOneOfTheCompiledLengths) {
  AdaptiveLength length({3, 7});
  for (int i = 0; i < 20; ++i) length.record(7, 7);
  EXPECT_EQ(length.next({.verify_row = 0.05, .free_rows = 100}), 7U);
  EXPECT_EQ(length.next({.verify_row = 0.05, .free_rows = 6}), 3U);
  EXPECT_EQ(length.next({.verify_row = 0.05, .free_rows = 2}), 0U);
}

TEST(AdaptiveLength, TriesAgainMoreAndMoreSeldom) {
  AdaptiveLength length = after(50, 4, 0);
  size_t tries = 0;
  constexpr size_t kSteps = 2000;
  for (size_t step = 0; step < kSteps; ++step) {
    const size_t k = length.next(kCheap);
    if (k == 0) continue;
    EXPECT_EQ(k, 1U);
    ++tries;
    length.record(k, 0);
  }
  EXPECT_EQ(tries, 7U);  // after 16, 32, .. 512 and 512 steps
}

TEST(AdaptiveLength, ComesBackWhenTextRepeatsAgain) {
  AdaptiveLength length = after(50, 4, 0);
  size_t longest = 0;
  for (size_t step = 0; step < 200; ++step) {
    const size_t k = length.next(kCheap);
    length.record(k, k);
    longest = std::max(longest, k);
  }
  EXPECT_EQ(longest, 8U);
}

TEST(AdaptiveLength, RefusesLengthsThatMakeNoSense) {
  EXPECT_THROW(AdaptiveLength({}), Error);
  EXPECT_THROW(AdaptiveLength({0, 1}), Error);
  EXPECT_THROW(AdaptiveLength({2, 2}), Error);
}

}  // namespace
}  // namespace tessera::speculation
