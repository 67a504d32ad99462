// Parts of a long context and the best span, on encodings that are written down.
#include "runtime/encoder/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

using testing::ElementsAre;

/// [CLS] q q [SEP] c0 .. c(n-1) [SEP]; context token i is "w<i>", or "##<i>" where `subwords` says so; each
/// has one code point and a space.
Encoding pair(size_t context, const std::vector<size_t>& subwords = {}) {
  Encoding e;
  const auto add = [&](int64_t id, std::string token, uint32_t type, bool special, uint32_t at) {
    e.ids.push_back(id);
    e.tokens.push_back(std::move(token));
    e.type_ids.push_back(type);
    e.special_tokens_mask.push_back(special ? 1 : 0);
    e.attention_mask.push_back(1);
    e.offsets.emplace_back(at, special ? at : at + 1);
  };
  add(1, "[CLS]", 0, true, 0);
  add(10, "q", 0, false, 0);
  add(11, "q", 0, false, 2);
  add(2, "[SEP]", 0, true, 0);
  for (size_t i = 0; i < context; ++i) {
    const bool sub = std::find(subwords.begin(), subwords.end(), i) != subwords.end();
    add(100 + static_cast<int64_t>(i), (sub ? "##" : "w") + std::to_string(i), 1, false,
        static_cast<uint32_t>(2 * i));
  }
  add(2, "[SEP]", 1, true, 0);
  return e;
}

TEST(AnswerParts, ShareTheStride) {
  const std::vector<AnswerPart> parts = answer_parts(pair(7), 9, 2);  // 4 context tokens a part
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_THAT(parts[0].ids, ElementsAre(1, 10, 11, 2, 100, 101, 102, 103, 2));
  EXPECT_THAT(parts[1].ids, ElementsAre(1, 10, 11, 2, 102, 103, 104, 105, 2));
  EXPECT_THAT(parts[2].ids, ElementsAre(1, 10, 11, 2, 104, 105, 106, 2));
  EXPECT_EQ(answer_parts(pair(4), 9, 2).size(), 1U);
}

TEST(AnswerParts, RefuseAQuestionThatFillsThem) {
  EXPECT_THROW(answer_parts(pair(7), 5, 2), Error);
}

std::vector<Answer> answers(const AnswerPart& part, size_t start, size_t end, AnswerOptions options = {}) {
  std::vector<float> start_logits(part.ids.size(), 0), end_logits(part.ids.size(), 0);
  start_logits[start] = 8;
  end_logits[end] = 8;
  start_logits[1] = end_logits[1] = 50;  // a token of the question is no answer
  return best_answers(part, start_logits, end_logits, options);
}

TEST(BestAnswers, AreSpansOfTheContext) {
  const AnswerPart part = answer_parts(pair(7), 100, 2).front();
  const Answer best = answers(part, 5, 6).front();
  EXPECT_EQ(best.start, 2);
  EXPECT_EQ(best.end, 5);
  EXPECT_GT(best.score, 0.9f);
}

TEST(BestAnswers, LieOnWholeWords) {
  const AnswerPart part = answer_parts(pair(7, {2, 3, 5}), 100, 2).front();
  const Answer best = answers(part, 6, 8).front();  // "##2" .. "w4"
  EXPECT_EQ(best.start, 2);                         // "w1" ##2
  EXPECT_EQ(best.end, 11);                          // w4 "##5"
}

TEST(BestAnswers, AreNoLongerThanAsked) {
  const AnswerPart part = answer_parts(pair(7), 100, 2).front();
  AnswerOptions options;
  options.max_answer_len = 2;
  for (const Answer& answer : answers(part, 4, 9, options)) EXPECT_LE(answer.end - answer.start, 3);
  options.top_k = 3;
  EXPECT_EQ(answers(part, 4, 9, options).size(), 3U);
}

}  // namespace
}  // namespace tessera
