#include "runtime/speculation/prompt_lookup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tessera/sdk/error.hpp"

namespace tessera::speculation {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Tokens = std::vector<int64_t>;

Tokens propose(const Tokens& text, size_t count, PromptLookupOptions options = {}) {
  Tokens proposals;
  PromptLookup(text, options).propose(count, proposals);
  return proposals;
}

TEST(PromptLookup, ProposesWhatFollowedTheSameTokens) {
  EXPECT_THAT(propose({1, 2, 3, 4, 5, 9, 1, 2}, 3), ElementsAre(3, 4, 5));
}

TEST(PromptLookup, PrefersTheLongestRunToTheLatest) {
  EXPECT_THAT(propose({1, 2, 3, 40, 7, 2, 3, 50, 1, 2, 3}, 1), ElementsAre(40));
  EXPECT_THAT(propose({1, 2, 3, 40, 7, 2, 3, 50, 1, 2, 3}, 1, {.min_ngram = 2, .max_ngram = 2}),
              ElementsAre(50));
}

TEST(PromptLookup, PrefersTheLatestOfEqualRuns) {
  EXPECT_THAT(propose({1, 2, 30, 1, 2, 31, 1, 2}, 1), ElementsAre(31));
}

TEST(PromptLookup, ProposesNothingWithoutAMatch) {
  EXPECT_THAT(propose({1, 2, 3, 4, 5}, 4), IsEmpty());
  EXPECT_THAT(propose({5, 1, 2, 3, 5}, 4), IsEmpty());  // a single token is no match
  EXPECT_THAT(propose({5, 1, 2, 3, 5}, 1, {.min_ngram = 1, .max_ngram = 4}), ElementsAre(1));
  EXPECT_THAT(propose({}, 4), IsEmpty());
  EXPECT_THAT(propose({1, 2, 1, 2}, 0), IsEmpty());
}

TEST(PromptLookup, GoesOnWithALoop) {
  EXPECT_THAT(propose({8, 1, 2, 1, 2}, 5), ElementsAre(1, 2, 1, 2, 1));
  EXPECT_THAT(propose({7, 7, 7}, 4), ElementsAre(7, 7, 7, 7));
}

TEST(PromptLookup, RefusesRunsOfNoToken) {
  EXPECT_THROW(propose({1}, 1, {.min_ngram = 0, .max_ngram = 2}), Error);
  EXPECT_THROW(propose({1}, 1, {.min_ngram = 3, .max_ngram = 2}), Error);
}

/// The plain definition, looked up anew in the whole text.
Tokens searched(const Tokens& text, size_t count) {
  for (size_t n = 4; n >= 2; --n) {
    for (size_t end = text.size(); end-- > n;) {
      if (text.size() < n || !std::equal(text.end() - static_cast<std::ptrdiff_t>(n), text.end(),
                                         text.begin() + static_cast<std::ptrdiff_t>(end - n))) {
        continue;
      }
      Tokens proposals;
      for (size_t i = end; proposals.size() < count; ++i) {
        proposals.push_back(i < text.size() ? text[i] : proposals[i - text.size()]);
      }
      return proposals;
    }
    if (text.size() > n &&
        std::equal(text.end() - static_cast<std::ptrdiff_t>(n), text.end(), text.begin())) {
      return Tokens(text.begin() + static_cast<std::ptrdiff_t>(n),
                    text.begin() + static_cast<std::ptrdiff_t>(n + count));
    }
  }
  return {};
}

TEST(PromptLookup, FindsInAGrowingTextWhatASearchFinds) {
  std::mt19937 random(3);
  Tokens text, proposals;
  PromptLookup lookup(text);
  int found = 0;
  for (int i = 0; i < 600; ++i) {
    text.push_back(static_cast<int64_t>(random() % 7));
    lookup.accept(text.back());
    lookup.propose(3, proposals);
    ASSERT_EQ(proposals, searched(text, 3)) << "after " << i + 1 << " tokens";
    found += proposals.empty() ? 0 : 1;
  }
  EXPECT_GT(found, 300);
}

}  // namespace
}  // namespace tessera::speculation
