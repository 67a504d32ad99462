// Entities from scores that are written down, with the tokenizer of a small BERT.
#include "runtime/encoder/entities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace tessera {
namespace {

const std::vector<std::string> kLabels = {"O", "B-PER", "I-PER", "B-LOC"};

struct Expected {
  std::string entity, word;
  float score;
  int64_t start, end;
};

class Entities : public testing::Test {
 protected:
  // "moses went toparan": the last word is two tokens or more.
  const std::string text_ = "Moses Aaron went toparan";
  Tokenizer tokenizer_ = Tokenizer::from_folder(std::filesystem::path(std::getenv("TESSERA_TEST_DATA")) /
                                                "data" / "models" / "bert-tiny-ner");
  Encoding encoding_ = tokenizer_.encode_with_offsets(text_);

  /// The label of each token without the template's; each with probability 0.7, the next label has 0.3.
  std::vector<Entity> find(AggregationStrategy strategy, const std::vector<size_t>& labels) {
    std::vector<std::vector<float>> scores(encoding_.ids.size(), std::vector<float>(4));
    EXPECT_EQ(labels.size() + 2, encoding_.ids.size()) << "tokens of the text";
    for (size_t i = 0; i < labels.size() && i + 1 < scores.size(); ++i) {
      scores[i + 1][labels[i]] = 0.7f;
      scores[i + 1][(labels[i] + 1) % 4] = 0.3f;
    }
    TokenClassifyOptions options;
    options.aggregation_strategy = strategy;
    return find_entities({tokenizer_, kLabels, tokenizer_.token_to_id("[UNK]").value(), true, options}, text_,
                         encoding_, scores);
  }

  static std::vector<std::string> described(const std::vector<Entity>& entities) {
    std::vector<std::string> lines;
    for (const Entity& e : entities)
      lines.push_back(e.entity + " " + e.word + " " + std::to_string(e.start) + "-" + std::to_string(e.end));
    return lines;
  }

  /// Labels: PER PER for the first two words' tokens and LOC for the first token of the last word only.
  std::vector<size_t> labels() {
    std::vector<size_t> all(encoding_.ids.size() - 2, 0);
    bool first_of_second = true, first_of_last = true;
    for (size_t i = 0; i < all.size(); ++i) {
      const uint32_t start = encoding_.offsets[i + 1].first;
      if (start < 5) {
        all[i] = start == 0 ? 1 : 2;
      } else if (start < 11) {
        all[i] = first_of_second ? 2 : 2;
        first_of_second = false;
      } else if (start >= 17 && first_of_last) {
        all[i] = 3;
        first_of_last = false;
      }
    }
    return all;
  }
};

TEST_F(Entities, AreTokensWithoutAggregation) {
  const std::vector<Entity> entities = find(AggregationStrategy::kNone, labels());
  ASSERT_FALSE(entities.empty());
  EXPECT_EQ(entities[0].entity, "B-PER");
  EXPECT_EQ(entities[0].index, 1);
  EXPECT_EQ(entities[0].start, 0);
  EXPECT_FLOAT_EQ(entities[0].score, 0.7f);
  for (const Entity& entity : entities) EXPECT_NE(entity.entity, "O");
}

TEST_F(Entities, SimpleJoinsNeighboursOfOneLabel) {
  const std::vector<std::string> lines = described(find(AggregationStrategy::kSimple, labels()));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[0], "PER moses aaron 0-11");
  EXPECT_THAT(lines[1], testing::StartsWith("LOC to"));
}

TEST_F(Entities, FirstGivesAWordTheLabelOfItsFirstToken) {
  EXPECT_THAT(described(find(AggregationStrategy::kFirst, labels())),
              testing::ElementsAre("PER moses aaron 0-11", "LOC toparan 17-24"));
}

TEST_F(Entities, AverageLetsTheTokensOfAWordAgree) {
  // Most tokens of the last word say O.
  EXPECT_THAT(described(find(AggregationStrategy::kAverage, labels())),
              testing::ElementsAre("PER moses aaron 0-11"));
}

TEST_F(Entities, BeginAnewAtB) {
  std::vector<size_t> all = labels();
  for (size_t i = 0; i < all.size(); ++i) {
    if (encoding_.offsets[i + 1].first == 6) all[i] = 1;  // B-PER
  }
  EXPECT_THAT(described(find(AggregationStrategy::kFirst, all)),
              testing::ElementsAre("PER moses 0-5", "PER aaron 6-11", "LOC toparan 17-24"));
}

}  // namespace
}  // namespace tessera
