/// What is drawn, against the exact distribution.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "runtime/sampling/gumbel_max.hpp"
#include "runtime/sampling/sampler.hpp"

namespace tessera::sampling {
namespace {

/// A sampler that is exact fails a chi-square test below with this probability, for a seed drawn at random;
/// the seeds are fixed, so a test that passes always does.
constexpr double kErrorProbability = 1e-6;
constexpr double kNormalQuantile = 4.753424;  // of 1 - kErrorProbability

/// Quantile of the chi-square distribution by Wilson and Hilferty (1931), good to 1 % from 3 degrees on.
double chi_square_limit(size_t degrees) {
  const auto n = static_cast<double>(degrees);
  const double root = 1 - 2 / (9 * n) + kNormalQuantile * std::sqrt(2 / (9 * n));
  return n * root * root * root;
}

struct ChiSquare {
  double statistic = 0, limit = 0;
  bool exact() const { return statistic <= limit; }
};

/// Cells with fewer than 10 expected draws are one cell together.
ChiSquare chi_square(const std::vector<double>& probabilities, const std::vector<int>& drawn, int draws) {
  ChiSquare result;
  size_t cells = 0;
  const auto add = [&](double expected, double observed) {
    result.statistic += (observed - expected) * (observed - expected) / expected;
    ++cells;
  };
  double rest_expected = 0, rest_observed = 0;
  for (size_t i = 0; i < probabilities.size(); ++i) {
    const double expected = probabilities[i] * draws;
    if (expected >= 10) {
      add(expected, drawn[i]);
    } else {
      rest_expected += expected;
      rest_observed += drawn[i];
    }
  }
  if (rest_expected >= 1) add(rest_expected, rest_observed);
  result.limit = chi_square_limit(cells - 1);
  return result;
}

std::vector<float> logits_of(size_t vocabulary, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<float> logits(vocabulary);
  for (float& logit : logits) logit = static_cast<float>(random() % 4096) / 512 - 4;
  return logits;
}

/// softmax of the candidates' scores, in double.
std::vector<double> exact(const SamplingParams& params, std::vector<float> logits) {
  Workspace workspace;
  const Candidates& kept = Sampler(params, {}, {}).candidates(logits, workspace);
  std::vector<double> probabilities(logits.size(), 0.0);
  double sum = 0;
  for (const float score : kept.scores) sum += std::exp(static_cast<double>(score));
  for (size_t i = 0; i < kept.size(); ++i) {
    probabilities[static_cast<size_t>(kept.ids[i])] = std::exp(static_cast<double>(kept.scores[i])) / sum;
  }
  return probabilities;
}

constexpr int kDraws = 60000;
using Draw = std::function<int64_t(int)>;

ChiSquare test_draws(const std::vector<double>& probabilities, const Draw& draw) {
  std::vector<int> drawn(probabilities.size(), 0);
  for (int i = 0; i < kDraws; ++i) ++drawn[static_cast<size_t>(draw(i))];
  return chi_square(probabilities, drawn, kDraws);
}

struct Case {
  const char* name;
  size_t vocabulary;
  SamplingParams params;
};
class Draws : public testing::TestWithParam<Case> {};

/// Along each of the three coordinates of the noise.
TEST_P(Draws, HaveTheExactDistribution) {
  const Case& c = GetParam();
  SamplingParams params = c.params;
  params.seed = 20240817;
  std::vector<float> logits = logits_of(c.vocabulary, 5);
  const std::vector<double> probabilities = exact(params, logits);
  Workspace workspace;

  Sampler sampler(params, {}, {});
  const ChiSquare over_indices = test_draws(probabilities, [&](int) {
    const int64_t token = sampler.choose(logits, workspace).token;
    sampler.accept(token);
    return token;
  });
  EXPECT_LE(over_indices.statistic, over_indices.limit) << "indices";

  const Sampler start(params, {}, {});
  const ChiSquare over_choices = test_draws(probabilities, [&](int i) {
    return start.fork(static_cast<uint32_t>(i)).choose(logits, workspace).token;
  });
  EXPECT_LE(over_choices.statistic, over_choices.limit) << "choices";

  const ChiSquare over_seeds = test_draws(probabilities, [&](int i) {
    SamplingParams other = params;
    other.seed = static_cast<uint64_t>(i);
    return Sampler(other, {}, {}).choose(logits, workspace).token;
  });
  EXPECT_LE(over_seeds.statistic, over_seeds.limit) << "seeds";
}

INSTANTIATE_TEST_SUITE_P(Cases, Draws,
                         testing::Values(Case{"plain_few", 20, {.temperature = 1}},
                                         Case{"plain_many", 300, {.temperature = 1}},
                                         Case{"hot", 300, {.temperature = 2.5}},
                                         Case{"cold", 300, {.temperature = 0.4}},
                                         Case{"top_k", 300, {.temperature = 1, .top_k = 60}},
                                         Case{"top_p", 300, {.temperature = 1, .top_p = 0.8}},
                                         Case{"min_p", 300, {.temperature = 1, .min_p = 0.1}},
                                         Case{"typical_p", 300, {.temperature = 1, .typical_p = 0.7}}),
                         [](const auto& info) { return info.param.name; });

/// The test has the power that it needs: a temperature that is 3 % off does not pass.
TEST(ChiSquareTest, FindsATemperatureThatIsThreePercentOff) {
  std::vector<float> logits = logits_of(300, 5);
  const std::vector<double> probabilities = exact({.temperature = 1, .seed = 1}, logits);
  Workspace workspace;
  Sampler sampler({.temperature = 1.03, .seed = 20240817}, {}, {});
  const ChiSquare off = test_draws(probabilities, [&](int) {
    const int64_t token = sampler.choose(logits, workspace).token;
    sampler.accept(token);
    return token;
  });
  EXPECT_GT(off.statistic, off.limit);
}

/// Tokens one after the other are independent: pairs have the product distribution.
TEST(Draws, AreIndependentFromTokenToToken) {
  std::vector<float> logits = logits_of(12, 8);
  for (float& logit : logits) logit /= 4;
  const SamplingParams params{.temperature = 1, .seed = 77};
  const std::vector<double> single = exact(params, logits);
  std::vector<double> pairs;
  for (const double first : single) {
    for (const double second : single) pairs.push_back(first * second);
  }
  Workspace workspace;
  Sampler sampler(params, {}, {});
  const auto next = [&] {
    const int64_t token = sampler.choose(logits, workspace).token;
    sampler.accept(token);
    return token;
  };
  const ChiSquare result = test_draws(pairs, [&](int) {
    const int64_t first = next();
    return first * 12 + next();
  });
  EXPECT_LE(result.statistic, result.limit);
}

/// What is skipped without a logarithm could not have won.
TEST(GumbelMax, IsTheLargestSumOfScoreAndNoise) {
  std::mt19937 random(11);
  Workspace workspace;
  for (int round = 0; round < 400; ++round) {
    Candidates candidates;
    const size_t count = 1 + random() % 3000;
    int32_t id = static_cast<int32_t>(random() % 5);
    const float spread = static_cast<float>(random() % 100) / 2;
    for (size_t i = 0; i < count; ++i) {
      candidates.ids.push_back(id);
      candidates.scores.push_back(-spread * static_cast<float>(random() % 1000) / 1000);
      id += 1 + static_cast<int32_t>(random() % (round % 2 == 0 ? 1 : 40));
    }
    candidates.scores[random() % count] = 0;
    const Noise noise(random(), round);
    double best = -1e300;
    int64_t winner = -1;
    for (size_t i = 0; i < count; ++i) {
      const double sum = static_cast<double>(candidates.scores[i]) + noise.gumbel(3, candidates.ids[i]);
      if (sum > best) {
        best = sum;
        winner = candidates.ids[i];
      }
    }
    ASSERT_EQ(gumbel_max(candidates, noise, 3, workspace), winner) << "round " << round;
  }
}

}  // namespace
}  // namespace tessera::sampling
