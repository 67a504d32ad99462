#include "plugins/cpu/kernels/rotary.hpp"
#include "random_floats.hpp"

namespace tessera::cpu {
namespace {

using Unary = void (*)(int64_t, const float*, float*);

std::vector<float> apply(Unary kernel, const std::vector<float>& x) {
  std::vector<float> y(x.size());
  kernel(static_cast<int64_t>(x.size()), x.data(), y.data());
  return y;
}

/// Every `step`-th float of both signs, by bit pattern, with the infinities, both zeros and a NaN.
std::vector<float> sweep(uint32_t step) {
  std::vector<float> values = {0.0f, -0.0f, std::numeric_limits<float>::infinity(),
                               -std::numeric_limits<float>::infinity(),
                               std::numeric_limits<float>::quiet_NaN()};
  for (uint64_t bits = 1; bits < 0x7f800000u; bits += step) {
    for (uint32_t sign : {0u, 0x80000000u}) {
      const uint32_t word = static_cast<uint32_t>(bits) | sign;
      float f;
      std::memcpy(&f, &word, sizeof f);
      values.push_back(f);
    }
  }
  return values;
}

/// |y - exact| in units of the last place of a float as large as `exact`.
double ulps(float y, double exact) {
  if (static_cast<double>(y) == exact) return 0.0;
  const int exponent = std::max(std::ilogb(exact), -126);
  return std::fabs(static_cast<double>(y) - exact) / std::ldexp(1.0, exponent - 23);
}

class Elementwise : public EveryTier {};

TEST_P(Elementwise, GivesTheBitsOfThePortableTier) {
  const KernelTable& portable = kernels(Isa::kPortable);
  const std::vector<float> x = sweep(30011);
  EXPECT_TRUE(same_bits(apply(table().exp, x), apply(portable.exp, x)));
  EXPECT_TRUE(same_bits(apply(table().silu, x), apply(portable.silu, x)));
  EXPECT_TRUE(same_bits(apply(table().gelu_tanh, x), apply(portable.gelu_tanh, x)));
  EXPECT_TRUE(same_bits(apply(table().gelu_erf, x), apply(portable.gelu_erf, x)));
}

TEST_P(Elementwise, ExpIsWithinOneUlp) {
  const std::vector<float> x = sweep(1009);
  const std::vector<float> y = apply(table().exp, x);
  double worst = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) {
      EXPECT_TRUE(std::isnan(y[i]));
      continue;
    }
    const double exact = std::exp(static_cast<double>(x[i]));
    if (exact > 3.4028235e38) {
      EXPECT_EQ(y[i], std::numeric_limits<float>::infinity()) << x[i];
    } else if (exact < 0x1p-126) {
      EXPECT_NEAR(y[i], exact, 0x1p-149) << x[i];
    } else {
      worst = std::max(worst, ulps(y[i], exact));
    }
  }
  EXPECT_LE(worst, 1.0);
}

TEST_P(Elementwise, ActivationsFollowTheirDefinition) {
  const auto logistic = [](double z) { return 1.0 / (1.0 + std::exp(-z)); };
  for (int i = -4000; i <= 4000; ++i) {
    const float v = static_cast<float>(i) * 0x1p-8f;
    const double x = v;
    const double tanh_form = x * logistic(2.0 * std::sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x));
    const double erf_form = 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    const auto bound = [](double exact) { return 8.0 * 0x1p-24 * std::fabs(exact) + 1e-37; };
    // In the tail the rounding of the cubic argument is magnified by its size.
    const double steep = 1.0 + std::fabs(2.0 * 0.8 * (x + 0.044715 * x * x * x));
    EXPECT_NEAR(apply(table().silu, {v})[0], x * logistic(x), bound(x * logistic(x))) << x;
    EXPECT_NEAR(apply(table().gelu_tanh, {v})[0], tanh_form, steep * bound(tanh_form)) << x;
    EXPECT_NEAR(apply(table().gelu_erf, {v})[0], erf_form, bound(erf_form)) << x;
  }
}

TEST_P(Elementwise, TailsEqualTheirPlaceInALongRow) {
  const std::vector<float> x = random_floats(100, 1), all = apply(table().silu, x);
  for (int64_t n = 1; n <= 40; ++n) {
    std::vector<float> y(41, -77.0f);
    table().silu(n, x.data(), y.data());
    EXPECT_TRUE(same_bits({y.begin(), y.begin() + n}, {all.begin(), all.begin() + n}));
    EXPECT_EQ(y[static_cast<size_t>(n)], -77.0f);
  }
}

TEST_P(Elementwise, SiluMulWorksOnHalvesOfARow) {
  const std::vector<float> x = random_floats(3 * 50, 2);
  std::vector<float> y(3 * 25), expected;
  table().silu_mul(3, 25, x.data(), 50, x.data() + 25, 50, y.data(), 25);
  for (size_t r = 0; r < 3; ++r) {
    for (size_t i = 0; i < 25; ++i)
      expected.push_back(apply(table().silu, {x[r * 50 + i]})[0] * x[r * 50 + 25 + i]);
  }
  EXPECT_TRUE(same_bits(y, expected));
}

TEST_P(Elementwise, AddsAndMultiplies) {
  const std::vector<float> a = random_floats(37, 3), b = random_floats(37, 4);
  std::vector<float> sum(37), product(37), expected_sum, expected_product;
  table().add(37, a.data(), b.data(), sum.data());
  table().mul(37, a.data(), b.data(), product.data());
  for (size_t i = 0; i < 37; ++i) {
    expected_sum.push_back(a[i] + b[i]);
    expected_product.push_back(a[i] * b[i]);
  }
  EXPECT_TRUE(same_bits(sum, expected_sum));
  EXPECT_TRUE(same_bits(product, expected_product));
}

TEST_P(Elementwise, RmsNormFollowsItsDefinition) {
  for (int64_t n : {1, 8, 15, 64, 100, 288, 1024}) {
    const std::vector<float> x = random_floats(3 * n, 5), weight = random_floats(n, 6);
    std::vector<float> y(x.size()), portable(x.size()), one(static_cast<size_t>(n));
    table().rms_norm(3, n, x.data(), n, weight.data(), 1e-5f, y.data(), n);
    kernels(Isa::kPortable).rms_norm(3, n, x.data(), n, weight.data(), 1e-5f, portable.data(), n);
    EXPECT_TRUE(same_bits(y, portable)) << n;
    table().rms_norm(1, n, x.data() + 2 * n, n, weight.data(), 1e-5f, one.data(), n);
    EXPECT_TRUE(same_bits(one, {y.end() - n, y.end()})) << n;
    double mean = 0.0;
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) mean += double{x[i]} * x[i] / static_cast<double>(n);
    for (size_t i = 0; i < static_cast<size_t>(n); ++i) {
      const double exact = x[i] / std::sqrt(mean + 1e-5) * weight[i];
      EXPECT_NEAR(y[i], exact, 8.0 * 0x1p-24 * std::fabs(exact)) << n;
    }
  }
}

TEST_P(Elementwise, LayerNormFollowsItsDefinition) {
  for (int64_t n : {1, 8, 15, 16, 64, 100, 288, 1024}) {
    std::vector<float> x = random_floats(3 * n, 5);
    for (float& element : x) element += 3.0f;  // a mean that must not cost digits
    const std::vector<float> weight = random_floats(n, 6), bias = random_floats(n, 7);
    const auto run = [&](const KernelTable& kernels, int64_t rows, const float* from) {
      std::vector<float> y(static_cast<size_t>(rows * n));
      kernels.layer_norm(rows, n, from, n, weight.data(), bias.data(), 1e-5f, y.data(), n);
      return y;
    };
    const std::vector<float> y = run(table(), 3, x.data());
    EXPECT_TRUE(same_bits(y, run(kernels(Isa::kPortable), 3, x.data()))) << n;
    EXPECT_TRUE(same_bits(run(table(), 1, x.data() + 2 * n), {y.end() - n, y.end()})) << n;
    double mean = 0.0, variance = 0.0;
    const auto count = static_cast<size_t>(n);
    for (size_t i = 0; i < count; ++i) mean += double{x[i]} / static_cast<double>(n);
    for (size_t i = 0; i < count; ++i) variance += (x[i] - mean) * (x[i] - mean) / static_cast<double>(n);
    for (size_t i = 0; i < count; ++i) {
      const double normed = (x[i] - mean) / std::sqrt(variance + 1e-5);
      EXPECT_NEAR(y[i], normed * weight[i] + bias[i], 1e-5 * (1.0 + std::fabs(normed))) << n;
    }
  }
}

TEST_P(Elementwise, RotaryTurnsPairs) {
  for (RotaryStyle style : {RotaryStyle::kHalf, RotaryStyle::kInterleaved}) {
    for (int64_t rotary_dim : {2, 24, 40, 64}) {
      const RotaryShape shape = {3, 64, rotary_dim, style};
      const int64_t pairs = rotary_dim / 2;
      const std::vector<float> x = random_floats(3 * 64, 7), inv_freq = random_floats(pairs, 8);
      std::vector<float> cosine(static_cast<size_t>(pairs)), sine(cosine.size()), y = x, expected = x;
      rotary_row(1000, inv_freq.data(), pairs, 1.5f, cosine.data(), sine.data());
      table().rotary(shape, cosine.data(), sine.data(), y.data());
      for (size_t head = 0; head < 3; ++head) {
        for (size_t i = 0; i < static_cast<size_t>(pairs); ++i) {
          const bool half = style == RotaryStyle::kHalf;
          const size_t a = head * 64 + (half ? i : 2 * i), b = half ? a + static_cast<size_t>(pairs) : a + 1;
          const float ac = x[a] * cosine[i], bs = x[b] * sine[i], bc = x[b] * cosine[i], as = x[a] * sine[i];
          expected[a] = ac - bs;
          expected[b] = bc + as;
        }
      }
      EXPECT_TRUE(same_bits(y, expected)) << rotary_dim;
    }
  }
}

INSTANTIATE_FOR_EVERY_TIER(Elementwise);

TEST(RotaryRow, IsTheCosineOfTheFloatAngle) {
  const float inv_freq[] = {1.0f, 0.7f, 1e-4f};
  float cosine[3], sine[3];
  for (int64_t position : {0, 1, 77, 131071, 1000000}) {
    rotary_row(position, inv_freq, 3, 1.0f, cosine, sine);
    for (int i = 0; i < 3; ++i) {
      const float angle = static_cast<float>(position) * inv_freq[i];
      EXPECT_LE(ulps(cosine[i], std::cos(double{angle})), 0.5001) << position;
      EXPECT_LE(ulps(sine[i], std::sin(double{angle})), 0.5001) << position;
    }
  }
}

}  // namespace
}  // namespace tessera::cpu
