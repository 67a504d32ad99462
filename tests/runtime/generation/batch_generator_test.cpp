#include "runtime/generation/batch_generator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tessera {
namespace {

using testing::ElementsAre;

constexpr int64_t kVocab = 10;

/// A model whose next token is the last token + 1; records its rows and checks that each slot is filled in
/// order.
class CountingModel : public StepRunner {
 public:
  void run(std::span<const Row> rows, std::span<const int64_t> logits_rows,
           std::span<const StepOutput> outputs) override {
    largest_step = std::max(largest_step, rows.size());
    for (const Row& row : rows) {
      if (row.slot >= next_position.size()) next_position.resize(row.slot + 1);
      EXPECT_EQ(row.position, next_position[row.slot]++);
      rope_lengths.push_back(row.rope_length);
    }
    std::fill_n(outputs[0].data, logits_rows.size() * kVocab, 0.0F);
    for (size_t i = 0; i < logits_rows.size(); ++i) {
      const int64_t next = (rows[static_cast<size_t>(logits_rows[i])].token + 1) % kVocab;
      outputs[0].data[i * kVocab + static_cast<size_t>(next)] = 1;
    }
  }

  std::vector<int64_t> next_position, rope_lengths;
  size_t largest_step = 0;
};

std::vector<GenerateResult> generate(CountingModel& model, std::vector<Sequence>& sequences,
                                     size_t max_rows) {
  const std::vector<sampling::Sampler> samplers(sequences.size(), sampling::Sampler({}, {}, {}));
  BatchGenerator generator(model, sequences, samplers, kVocab, max_rows);
  while (!generator.done()) generator.step([](size_t, std::string_view) {});
  std::vector<GenerateResult> results;
  for (Sequence& sequence : sequences) results.push_back(sequence.take_result());
  return results;
}

Sequence sequence(std::vector<int64_t> prompt, SequenceLimits limits) {
  return Sequence(std::move(prompt), nullptr, {}, std::move(limits));
}

TEST(BatchGenerator, GivesEachSequenceItsOwnTokensWhateverTheStepSize) {
  for (const size_t max_rows : {1U, 2U, 3U, 7U, 100U}) {
    CountingModel model;
    std::vector<Sequence> sequences;
    sequences.push_back(sequence({1, 2, 3, 4, 5}, {.max_new_tokens = 3, .ctx_len = 100}));
    sequences.push_back(sequence({7}, {.max_new_tokens = 4, .ctx_len = 100}));
    const auto results = generate(model, sequences, max_rows);
    EXPECT_THAT(results[0].tokens, ElementsAre(6, 7, 8)) << max_rows;
    EXPECT_THAT(results[1].tokens, ElementsAre(8, 9, 0, 1)) << max_rows;
    EXPECT_LE(model.largest_step, max_rows);
  }
}

TEST(BatchGenerator, StopsBehindAnEndTokenAndKeepsIt) {
  CountingModel model;
  std::vector<Sequence> sequences;
  sequences.push_back(sequence({1}, {.end_tokens = {9, 4}, .max_new_tokens = -1, .ctx_len = 100}));
  const auto results = generate(model, sequences, 8);
  EXPECT_THAT(results[0].tokens, ElementsAre(2, 3, 4));
  EXPECT_EQ(results[0].finish_reason, FinishReason::kStop);
}

TEST(BatchGenerator, GeneratesOneTokenMoreThanTheContextHasRoomFor) {
  CountingModel model;
  std::vector<Sequence> sequences;
  sequences.push_back(sequence({1, 2, 3}, {.max_new_tokens = -1, .ctx_len = 5}));
  const auto results = generate(model, sequences, 8);
  EXPECT_THAT(results[0].tokens, ElementsAre(4, 5, 6));  // 5 - 3 + 1
  EXPECT_EQ(results[0].finish_reason, FinishReason::kLength);
  EXPECT_THAT(model.next_position, ElementsAre(5));
}

TEST(BatchGenerator, TellsRowsOfThePromptThePromptsLength) {
  CountingModel model;
  std::vector<Sequence> sequences;
  sequences.push_back(sequence({1, 2, 3}, {.max_new_tokens = 3, .ctx_len = 100}));
  generate(model, sequences, 2);
  EXPECT_THAT(model.rope_lengths, ElementsAre(3, 3, 3, 4, 5));
}

TEST(BatchGenerator, GeneratesNothingWhenNothingIsAskedFor) {
  CountingModel model;
  std::vector<Sequence> sequences;
  sequences.push_back(sequence({1}, {.max_new_tokens = 0, .ctx_len = 100}));
  EXPECT_THAT(generate(model, sequences, 8)[0].tokens, ElementsAre());
}

}  // namespace
}  // namespace tessera
