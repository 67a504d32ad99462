#include "tessera/speculation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tessera::speculation {
namespace {

TEST(Counters, CountDraftsProposalsAndAcceptancesByPosition) {
  Counters counters;
  counters.record(4, 2);
  counters.record(0, 0);  // no draft
  counters.record(2, 2);
  counters.record(3, 0);
  EXPECT_EQ(counters.drafts, 3U);
  EXPECT_EQ(counters.draft_tokens, 9U);
  EXPECT_EQ(counters.accepted_tokens, 4U);
  EXPECT_THAT(counters.accepted_by_position, testing::ElementsAre(2, 2, 0, 0));
  EXPECT_DOUBLE_EQ(counters.acceptance_rate(), 4.0 / 9);
}

TEST(Counters, AddUp) {
  Counters all, one;
  EXPECT_EQ(all.acceptance_rate(), 0);
  one.record(2, 1);
  all.record(1, 1);
  all.add(one);
  EXPECT_EQ(all.drafts, 2U);
  EXPECT_THAT(all.accepted_by_position, testing::ElementsAre(2, 0));
}

}  // namespace
}  // namespace tessera::speculation
