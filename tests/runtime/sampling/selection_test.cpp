#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "runtime/sampling/candidates.hpp"
#include "runtime/sampling/log_probabilities.hpp"

namespace tessera::sampling {
namespace {

TEST(KthLargest, IsWhatSortingGives) {
  std::mt19937 random(2);
  std::vector<float> scratch;
  for (const size_t size : {1U, 7U, 64U, 1000U, 5000U}) {
    for (const int distinct : {3, 50, 1 << 20}) {
      std::vector<float> values(size);
      for (float& value : values)
        value = static_cast<float>(random() % static_cast<uint32_t>(distinct)) - 100;
      values[size / 2] = -INFINITY;
      std::vector<float> sorted = values;
      std::sort(sorted.begin(), sorted.end(), std::greater<>());
      for (const size_t k : {size_t{1}, size_t{2}, size_t{20}, size / 2, size}) {
        if (k < 1 || k > size) continue;
        EXPECT_EQ(kth_largest(values, k, scratch), sorted[k - 1]) << size << " " << distinct << " " << k;
      }
    }
  }
}

TEST(LogProbabilities, AreThoseOfASoftmaxInDouble) {
  std::mt19937 random(3);
  std::vector<float> logits(2000);
  for (float& logit : logits) logit = static_cast<float>(random() % 10000) / 500;
  logits[17] = -INFINITY;
  const float largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit));
  std::vector<float> scratch;
  const TokenLogprobs found = log_probabilities(logits, largest, 5, 0, scratch);
  EXPECT_EQ(found.chosen.token, 5);
  EXPECT_NEAR(found.chosen.logprob, static_cast<double>(logits[5]) - std::log(sum), 1e-6);
  EXPECT_TRUE(found.top.empty());
  EXPECT_EQ(log_probabilities(logits, largest, 17, 0, scratch).chosen.logprob, -INFINITY);
}

TEST(LogProbabilities, NameTheBestFirstAndTheLowerIdOfEquals) {
  const std::vector<float> logits = {1, 3, 2, 3, 0, 2};
  std::vector<float> scratch;
  const auto top_ids = [&](int64_t count) {
    std::vector<int64_t> ids;
    for (const TokenLogprob& token : log_probabilities(logits, 3, 0, count, scratch).top)
      ids.push_back(token.token);
    return ids;
  };
  EXPECT_THAT(top_ids(3), testing::ElementsAre(1, 3, 2));
  EXPECT_THAT(top_ids(1), testing::ElementsAre(1));
  EXPECT_THAT(top_ids(100), testing::ElementsAre(1, 3, 2, 5, 0, 4));
}

/// The band that is sorted is found by mass: the same set as when everything is sorted.
TEST(TopP, KeepsWhatSortingKeeps) {
  std::mt19937 random(5);
  Workspace workspace;
  for (int round = 0; round < 200; ++round) {
    const size_t count = 1 + random() % 3000;
    const float spread = static_cast<float>(1 + random() % 60);
    const uint32_t distinct = round % 3 == 0 ? 5 : 100000;
    Candidates& c = workspace.candidates;
    c.ids.resize(count);
    c.scores.resize(count);
    for (size_t i = 0; i < count; ++i) {
      c.ids[i] = static_cast<int32_t>(i);
      c.scores[i] = -spread * static_cast<float>(random() % distinct) / static_cast<float>(distinct);
    }
    c.scores[random() % count] = 0;
    const double top_p = static_cast<double>(1 + random() % 999) / 1000;
    std::vector<int32_t> order = c.ids;
    const std::vector<float> scores = c.scores;
    std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
      const float x = scores[static_cast<size_t>(a)], y = scores[static_cast<size_t>(b)];
      return x > y || (x == y && a < b);
    });
    double total = 0, mass = 0;
    for (const float score : scores) total += std::exp(static_cast<double>(score));
    keep_top_p(top_p, workspace);
    size_t kept = 0;
    while (kept < count && mass < top_p * total) mass += std::exp(static_cast<double>(scores[order[kept++]]));
    // Where rounding decides, the neighbours are right, too.
    const size_t found = workspace.candidates.size();
    ASSERT_NEAR(static_cast<double>(found), static_cast<double>(kept), distinct == 5 ? 1 : 2) << round;
    std::vector<int32_t> expected(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(found));
    std::sort(expected.begin(), expected.end());
    ASSERT_EQ(workspace.candidates.ids, expected) << round;
  }
}

}  // namespace
}  // namespace tessera::sampling
