#include "runtime/generation/stop_matcher.hpp"

#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

struct Case {
  const char* name;
  std::vector<std::string> stops;
  std::string text;
  std::string shown;
  bool stopped;
};

class StopTexts : public testing::TestWithParam<Case> {};

/// However the text is cut into pieces, the same is shown and nothing of a stop text ever is.
TEST_P(StopTexts, EndTheTextInAnyCutting) {
  const Case& c = GetParam();
  for (size_t piece = 1; piece <= c.text.size() + 1; ++piece) {
    StopMatcher matcher(c.stops);
    std::string shown;
    for (size_t at = 0; at < c.text.size(); at += piece) shown += matcher.push(c.text.substr(at, piece));
    shown += matcher.flush();
    EXPECT_EQ(shown, c.shown) << "pieces of " << piece;
    EXPECT_EQ(matcher.stopped(), c.stopped) << "pieces of " << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, StopTexts,
    testing::Values(Case{"none", {}, "some text", "some text", false},
                    Case{"across_pieces", {"beta gamma"}, " alpha beta gamma!", " alpha ", true},
                    Case{"almost", {"gamma?"}, "beta gamma!x", "beta gamma!x", false},
                    Case{"ends_inside", {"gamma!y"}, "beta gam", "beta gam", false},
                    Case{"first_text", {" alpha"}, " alpha beta", "", true},
                    Case{"overlaps_itself", {"abac"}, "ababacx", "ab", true},
                    Case{"earliest_begin_wins", {"eta", "beta"}, "alpha beta gamma", "alpha ", true},
                    Case{"earlier_candidate_fails", {"cd", "bcdx"}, "abcdy", "ab", true},
                    Case{"earlier_candidate_completes", {"cd", "bcdx"}, "abcdx", "a", true},
                    Case{"candidate_open_at_the_end", {"cd", "bcdx"}, "abcd", "ab", true}),
    [](const auto& info) { return info.param.name; });

TEST(StopMatcher, RefusesAnEmptyText) {
  EXPECT_THROW(StopMatcher({"a", ""}), Error);
}

}  // namespace
}  // namespace tessera
