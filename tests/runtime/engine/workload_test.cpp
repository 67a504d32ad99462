#include "runtime/engine/workload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {
namespace {

TEST(MakeWorkload, GivesTheSameRequestsForASeed) {
  const WorkloadOptions options{.seed = 5, .requests = 50, .rate = 3};
  const auto a = make_workload(options), b = make_workload(options);
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].arrival_s, b[i].arrival_s);
    EXPECT_EQ(a[i].prompt_tokens, b[i].prompt_tokens);
    EXPECT_EQ(a[i].new_tokens, b[i].new_tokens);
  }
  EXPECT_NE(make_workload({.seed = 6, .requests = 50})[7].prompt_tokens, a[7].prompt_tokens);
}

TEST(MakeWorkload, StaysWithinItsLimits) {
  const WorkloadOptions options{
      .requests = 2000, .rate = 10, .least_prompt = 3, .most_prompt = 9, .least_new = 2, .most_new = 5};
  double last = 0;
  for (const WorkloadRequest& request : make_workload(options)) {
    EXPECT_GE(request.prompt_tokens, 3);
    EXPECT_LE(request.prompt_tokens, 9);
    EXPECT_GE(request.max_new_tokens, 2);
    EXPECT_LE(request.max_new_tokens, 5);
    EXPECT_GE(request.new_tokens, 1);
    EXPECT_LE(request.new_tokens, request.max_new_tokens);
    EXPECT_GE(request.arrival_s, last);
    last = request.arrival_s;
  }
  EXPECT_NEAR(last, 200, 20);  // 2000 arrivals, 10 a second
}

TEST(ParseWorkload, ReadsJsonLinesInOrderOfArrival) {
  const auto requests = parse_workload(
      "{\"arrival_s\": 2, \"prompt_tokens\": 7, \"max_new_tokens\": 3, \"tenant\": \"a\", \"priority\": -1}\n"
      "\n"
      "{\"prompt_tokens\": 5, \"max_new_tokens\": 4, \"new_tokens\": 2, \"cancel_s\": 1.5}");
  ASSERT_EQ(requests.size(), 2U);
  EXPECT_EQ(requests[0].prompt_tokens, 5);
  EXPECT_EQ(requests[0].new_tokens, 2);
  EXPECT_EQ(requests[0].cancel_s, 1.5);
  EXPECT_EQ(requests[1].new_tokens, 3);
  EXPECT_EQ(requests[1].tenant, "a");
  EXPECT_EQ(requests[1].priority, -1);
}

TEST(ParseWorkload, NamesTheLineThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"{\"prompt_tokens\": 1}\n[1]", "line 2: not a JSON object"},
      {"{\"prompt_tokens\"", "line 1: not a JSON object"},
      {"{}", "line 1: 'prompt_tokens' must be at least 1"},
      {"{\"prompt_tokens\": \"x\"}", "line 1: 'prompt_tokens' must be a whole number"},
      {"{\"prompt_tokens\": 1.5}", "line 1: 'prompt_tokens' must be a whole number"},
      {"{\"prompt_tokens\": 1, \"tokens\": 1}", "line 1: unknown key 'tokens'"},
      {"{\"prompt_tokens\": 1, \"arrival_s\": -1}", "line 1: 'arrival_s' must be at least 0"},
      {"{\"prompt_tokens\": 1, \"tenant\": 1}", "line 1: 'tenant' must be a text"},
      {"{\"prompt_tokens\": 1, \"max_new_tokens\": 2, \"new_tokens\": 3}",
       "line 1: 'new_tokens' must be between 1 and 'max_new_tokens'"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT([text = text] { parse_workload(text); },
                testing::ThrowsMessage<Error>(testing::StrEq(message)));
  }
}

}  // namespace
}  // namespace tessera::engine
