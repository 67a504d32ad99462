#include "runtime/speculation/draft_model.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tessera/sdk/error.hpp"
#include "tests/runtime/engine/counting_model.hpp"

namespace tessera::speculation {
namespace {

using engine::CountingModel;
using testing::ElementsAre;
using testing::IsEmpty;
using Tokens = std::vector<int64_t>;

DraftModel::Options options(uint32_t slots, int64_t ctx_len = 1000, int64_t max_rows = 512) {
  return {.slots = slots,
          .ctx_len = ctx_len,
          .max_rows = max_rows,
          .vocab_size = CountingModel::kVocab,
          .shared_ids = CountingModel::kVocab};
}

Tokens prompt_of(int64_t length, int64_t seed) {
  Tokens prompt;
  for (int64_t i = 0; i < length; ++i) prompt.push_back((seed * 31 + i * i) % 50);
  return prompt;
}

/// The largest logit, plus one where the number of tokens before it is odd; keeps a history as a sampler
/// does.
class ParityChooser final : public DraftChooser {
 public:
  explicit ParityChooser(Tokens& history) : history_(history) {}
  int64_t choose(std::span<float> logits) override {
    const int64_t best = std::max_element(logits.begin(), logits.end()) - logits.begin();
    history_.push_back((best + static_cast<int64_t>(history_.size() % 2)) % CountingModel::kVocab);
    return history_.back();
  }
  void accept(int64_t token) override { history_.push_back(token); }
  void rollback(size_t generated) override { history_.resize(generated); }
  size_t generated() const override { return history_.size(); }

 private:
  Tokens& history_;
};

TEST(DraftModel, ProposesForManySequencesSideBySideAndWritesOverWhatWasNotAccepted) {
  CountingModel model(3, 1000);
  model.most_taken_back = 4;
  DraftModel drafter(model, model, options(3));
  std::vector<Tokens> texts{prompt_of(1, 1), prompt_of(30, 2), prompt_of(7, 3)};
  for (SequenceId i = 0; i < 3; ++i) drafter.begin(i, texts[i].size(), nullptr);
  for (int round = 0; round < 10; ++round) {
    std::vector<Draft> drafts;
    for (SequenceId i = 0; i < 3; ++i) drafts.push_back({i, &texts[i], 2 + i});
    const int before = model.steps;
    drafter.propose(drafts);
    EXPECT_EQ(model.steps - before, 4);
    for (SequenceId i = 0; i < 3; ++i) {
      EXPECT_EQ(drafts[i].proposals, CountingModel::expected(texts[i], static_cast<int64_t>(2 + i)));
      // The target agrees with a few, then goes its own way.
      const auto accepted = static_cast<std::ptrdiff_t>((static_cast<size_t>(round) + i) % 3);
      texts[i].insert(texts[i].end(), drafts[i].proposals.begin(), drafts[i].proposals.begin() + accepted);
      texts[i].push_back(round % 2 == 0 ? 5 : CountingModel::expected(texts[i], 1)[0]);
    }
  }
  EXPECT_GT(drafter.seconds_per_token(), 0);
}

TEST(DraftModel, TakesBackWhatItsChooserProposed) {
  CountingModel model(1, 1000);
  model.most_taken_back = 3;
  DraftModel drafter(model, model, options(1));
  Tokens text{1, 2, 3}, history;
  drafter.begin(7, 3, std::make_unique<ParityChooser>(history));
  text.push_back(9);
  std::vector<Draft> drafts{{7, &text, 3}};
  drafter.propose(drafts);
  EXPECT_THAT(history, ElementsAre(9));
  // Behind 1, 2, 3, 9: 16 and 1 for one token before it; 33; 66 and 1.
  EXPECT_THAT(drafts[0].proposals, ElementsAre(17, 33, 67));
  text.insert(text.end(), {17, 50});
  drafter.propose(drafts);
  EXPECT_THAT(history, ElementsAre(9, 17, 50));
}

TEST(DraftModel, ComputesALongPromptOverSeveralRounds) {
  CountingModel model(2, 1000);
  model.most_taken_back = 2;
  DraftModel drafter(model, model, options(2, 1000, 16));
  Tokens text = prompt_of(40, 1), other = prompt_of(3, 2);
  drafter.begin(1, 40, nullptr);
  drafter.begin(2, 3, nullptr);
  for (const bool ready : {false, false, true}) {
    std::vector<Draft> drafts{{2, &other, 1}, {1, &text, 2}};
    drafter.propose(drafts);
    EXPECT_EQ(drafts[0].proposals, CountingModel::expected(other, 1));
    EXPECT_EQ(drafts[1].proposals, ready ? CountingModel::expected(text, 2) : Tokens());
    EXPECT_LE(model.largest_step, 16U);
  }
}

TEST(DraftModel, GivesTheSlotOfTheSequenceThatWaitedLongestToAnother) {
  CountingModel model(2, 1000);
  model.most_taken_back = 2;
  DraftModel drafter(model, model, options(2));
  const Tokens texts[] = {prompt_of(5, 0), prompt_of(6, 1), prompt_of(7, 2)};
  for (SequenceId i = 0; i < 3; ++i) drafter.begin(i, texts[i].size(), nullptr);
  for (const SequenceId i : {0, 1, 2, 2, 1, 0}) {
    std::vector<Draft> drafts{{i, &texts[i], 2}};
    drafter.propose(drafts);
    EXPECT_EQ(drafts[0].proposals, CountingModel::expected(texts[i], 2));
  }
  std::vector<Draft> all;
  for (SequenceId i = 0; i < 3; ++i) all.push_back({i, &texts[i], 1});
  drafter.propose(all);  // one has no slot and waits
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const Draft& d) { return d.proposals.empty(); }), 1);
  drafter.end(0);
  drafter.end(0);
  all.erase(all.begin());
  drafter.propose(all);
  for (const Draft& draft : all) EXPECT_EQ(draft.proposals.size(), 1U);
}

TEST(DraftModel, ProposesNothingBeyondItsContextOrItsMemory) {
  CountingModel model(2, 12);
  model.most_taken_back = 3;
  DraftModel drafter(model, model, options(2, 10));
  const Tokens text = prompt_of(9, 1), longer = prompt_of(11, 1), second = prompt_of(8, 2);
  drafter.begin(1, 9, nullptr);
  drafter.begin(2, 8, nullptr);
  std::vector<Draft> drafts{{1, &text, 8}};
  drafter.propose(drafts);
  EXPECT_EQ(drafts[0].proposals, CountingModel::expected(text, 2));  // the last of them needs no position
  drafts = {{2, &second, 3}};
  drafter.propose(drafts);
  EXPECT_THAT(drafts[0].proposals, IsEmpty());
  drafts = {{1, &longer, 8}};
  drafter.propose(drafts);
  EXPECT_THAT(drafts[0].proposals, IsEmpty());
}

TEST(DraftModel, NeverProposesWhatTheTargetHasNot) {
  CountingModel model(1, 1000);
  DraftModel::Options few = options(1);
  few.shared_ids = 10;
  DraftModel drafter(model, model, few);
  const Tokens text{40, 50};  // 91 follows
  drafter.begin(1, 2, nullptr);
  std::vector<Draft> drafts{{1, &text, 4}};
  drafter.propose(drafts);
  for (const int64_t token : drafts[0].proposals) EXPECT_LT(token, 10);
}

TEST(DraftModel, SaysSoWhenAStepFails) {
  CountingModel model(1, 1000);
  model.before_step = [](std::span<const Row>) { throw Error(ErrorCode::kDeviceLost, "gone"); };
  DraftModel drafter(model, model, options(1));
  const Tokens text{1};
  drafter.begin(1, 1, nullptr);
  std::vector<Draft> drafts{{1, &text, 4}};
  EXPECT_THROW(drafter.propose(drafts), Error);
}

}  // namespace
}  // namespace tessera::speculation
