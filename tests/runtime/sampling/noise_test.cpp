#include "runtime/sampling/noise.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "runtime/sampling/elementary.hpp"

namespace tessera::sampling {
namespace {

/// The known answers that the authors of Philox publish with Random123 (kat_vectors, philox4x32 10).
TEST(Philox, GivesThePublishedWords) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Noise, OfManyTokensIsThatOfEach) {
  const uint64_t seed = 0x0123456789abcdef;
  const Noise noise(seed, 3);
  std::vector<uint32_t> words(4 * 53);  // whole groups of lanes and some that are left
  noise.leading_words(17, 4000, words);
  for (size_t i = 0; i < words.size(); ++i) {
    const auto block =
        philox4x32({static_cast<uint32_t>((4000 + i) / 4), 17, 3, 0}, {0x89abcdef, 0x01234567});
    EXPECT_EQ(words[i], block[i % 4]) << i;
  }
}

TEST(Noise, DependsOnSeedChoiceIndexAndTokenAlone) {
  const double value = Noise(7, 1).gumbel(5, 100);
  EXPECT_EQ(Noise(7, 1).gumbel(5, 100), value);
  EXPECT_NE(Noise(8, 1).gumbel(5, 100), value);
  EXPECT_NE(Noise(7 + (uint64_t{1} << 32), 1).gumbel(5, 100), value);
  EXPECT_NE(Noise(7, 2).gumbel(5, 100), value);
  EXPECT_NE(Noise(7, 1).gumbel(6, 100), value);
  EXPECT_NE(Noise(7, 1).gumbel(5, 101), value);
}

/// Mean 0.5772 (Euler's constant), variance pi^2 / 6. With 40,000 values the mean leaves the band of 5
/// standard errors (0.032) with probability 6e-7.
TEST(Noise, IsStandardGumbel) {
  const Noise noise(1, 0);
  constexpr int kCount = 40000;
  double sum = 0, squares = 0;
  for (int i = 0; i < kCount; ++i) {
    const double g = noise.gumbel(0, i);
    sum += g;
    squares += g * g;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 0.57721566, 0.032);
  EXPECT_NEAR(squares / kCount - mean * mean, 1.644934, 0.08);
}

TEST(Elementary, ExpIsExact) {
  for (float x = 0; x > -87; x -= 0.00137F) {
    const double exact = std::exp(static_cast<double>(x));
    ASSERT_NEAR(static_cast<double>(exp_negative(x)) / exact, 1, 2.4e-7) << x;
  }
  EXPECT_EQ(exp_negative(0), 1.0F);
  EXPECT_EQ(exp_negative(-INFINITY), 0.0F);
  EXPECT_EQ(exp_negative(-1e30F), 0.0F);
}

TEST(Elementary, LogIsExact) {
  for (double x = 1e-300; x < 1e300; x *= 1.37) {
    ASSERT_NEAR(log_positive(x), std::log(x), 1e-15 * std::max(1.0, std::abs(std::log(x)))) << x;
  }
  for (double x = 1e-19; x < 1; x *= 1.19) {
    ASSERT_NEAR(log_one_minus(x) / std::log1p(-x), 1, 2e-15) << x;
  }
}

}  // namespace
}  // namespace tessera::sampling
