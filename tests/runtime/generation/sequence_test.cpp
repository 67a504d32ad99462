#include "runtime/generation/sequence.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tessera {
namespace {

using testing::ElementsAre;

Sequence sequence(std::vector<int64_t> prompt, SequenceLimits limits) {
  return Sequence(std::move(prompt), nullptr, {}, std::move(limits));
}

TEST(Sequence, StopsBehindAnEndTokenAndKeepsIt) {
  Sequence s = sequence({1}, {.end_tokens = {9, 4}, .max_new_tokens = -1, .ctx_len = 100});
  for (int64_t token = 2; !s.finished(); ++token) s.accept(token);
  const GenerateResult result = s.take_result();
  EXPECT_THAT(result.tokens, ElementsAre(2, 3, 4));
  EXPECT_EQ(result.finish_reason, FinishReason::kStop);
}

TEST(Sequence, TakesOneTokenMoreThanTheContextHasRoomFor) {
  Sequence s = sequence({1, 2, 3}, {.max_new_tokens = -1, .ctx_len = 5});
  for (int64_t token = 4; !s.finished(); ++token) s.accept(token);
  const GenerateResult result = s.take_result();
  EXPECT_THAT(result.tokens, ElementsAre(4, 5, 6));  // 5 - 3 + 1
  EXPECT_EQ(result.finish_reason, FinishReason::kLength);
}

TEST(Sequence, IsFinishedWhenNothingIsAskedFor) {
  EXPECT_TRUE(sequence({1}, {.max_new_tokens = 0, .ctx_len = 100}).finished());
}

TEST(Sequence, CanBeEndedAtAnyTime) {
  Sequence s = sequence({1}, {.max_new_tokens = 9, .ctx_len = 100});
  s.accept(2);
  s.end(FinishReason::kCancelled);
  EXPECT_TRUE(s.finished());
  const GenerateResult result = s.take_result();
  EXPECT_THAT(result.tokens, ElementsAre(2));
  EXPECT_EQ(to_string(result.finish_reason), "cancelled");
}

}  // namespace
}  // namespace tessera
