#include "plugins/cpu/kernels/linear.hpp"

#include "plugins/cpu/kernels/half.hpp"
#include "random_floats.hpp"

namespace tessera::cpu {
namespace {

uint16_t narrow_to_bf16(float f) {
  return static_cast<uint16_t>(bits_of_float(f) >> 16);
}

// A half with the sign, a few exponents around zero and the fraction of f: all that the kernels have to
// widen.
uint16_t some_f16(float f) {
  const uint32_t bits = bits_of_float(f);
  return static_cast<uint16_t>(((bits >> 16) & 0x8000u) | ((10 + bits % 6) << 10) | ((bits >> 13) & 0x3ffu));
}

/// A weight [out, in] as bytes of its type at an odd address, its values as F32, and its packed form.
struct Weight {
  PackedLinear shape;
  std::vector<char> bytes;
  std::vector<float> values;
  Aligned packed;

  Weight(int64_t in, int64_t out, WeightType type, uint32_t seed = 1)
      : shape{in, out, type},
        values(random_floats(in * out, seed)),
        packed(packed_bytes({in, out, type}) / 4) {
    bytes.resize(static_cast<size_t>(in * out * element_bytes(type)) + 1);
    for (size_t i = 0; i < values.size(); ++i) put(i);
    pack(shape, bytes.data() + 1, 0, panel_count(shape), packed.data());
  }

  void put(size_t i) {
    if (shape.type == WeightType::kF32) {
      std::memcpy(bytes.data() + 1 + 4 * i, &values[i], 4);
      return;
    }
    const bool brain = shape.type == WeightType::kBF16;
    const uint16_t bits = brain ? narrow_to_bf16(values[i]) : some_f16(values[i]);
    values[i] = brain ? bf16_to_f32(bits) : f16_to_f32(bits);
    std::memcpy(bytes.data() + 1 + 2 * i, &bits, 2);
  }
};

/// Runs a call on one thread, the panels cut at `cut`.
std::vector<float> run(const KernelTable& table, Weight& weight, const std::vector<float>& x, int64_t rows,
                       const float* bias = nullptr, int64_t cut = 0) {
  const int64_t in = weight.shape.in, out = weight.shape.out;
  std::vector<float> y(static_cast<size_t>(rows * out), -77.0f);
  const LinearCall call = {weight.shape, weight.packed.data(), bias, rows, x.data(), in, y.data(), out};
  Aligned packed_x(linear_pack_floats(call) + 16);
  if (rows > 1) {
    const int64_t units = linear_pack_units(table, call);
    table.pack_rows(call, units / 2, units, packed_x.data());
    table.pack_rows(call, 0, units / 2, packed_x.data());
  }
  const float* input = rows > 1 ? packed_x.data() : x.data();
  table.linear(call, input, cut, panel_count(weight.shape));
  table.linear(call, input, 0, cut);
  return y;
}

TEST(PackTransposed, IsThePackOfTheTranspose) {
  for (WeightType type : {WeightType::kF32, WeightType::kF16, WeightType::kBF16}) {
    Weight weight(37, 70, type);
    const auto size = static_cast<size_t>(element_bytes(type));
    std::vector<char> turned(weight.bytes.size());
    for (size_t out = 0; out < 70; ++out) {
      for (size_t in = 0; in < 37; ++in) {
        std::memcpy(&turned[1 + (in * 70 + out) * size], &weight.bytes[1 + (out * 37 + in) * size], size);
      }
    }
    std::vector<char> packed(static_cast<size_t>(packed_bytes(weight.shape)), 'x');
    pack_transposed(weight.shape, turned.data() + 1, 1, 3, packed.data());
    pack_transposed(weight.shape, turned.data() + 1, 0, 1, packed.data());
    EXPECT_EQ(std::memcmp(packed.data(), weight.packed.data(), packed.size()), 0);
  }
}

class Linear : public EveryTier {};

TEST_P(Linear, IsOneChainOfFusedMultiplyAddsInAscendingDepth) {
  for (WeightType type : {WeightType::kF32, WeightType::kF16, WeightType::kBF16}) {
    Weight weight(37, 70, type);
    const std::vector<float> x = random_floats(3 * 37, 2), bias = random_floats(70, 3);
    std::vector<float> expected;
    for (int64_t r = 0; r < 3; ++r) {
      for (int64_t j = 0; j < 70; ++j) {
        float sum = 0.0f;
        for (int64_t k = 0; k < 37; ++k) {
          sum = std::fma(x[static_cast<size_t>(r * 37 + k)], weight.values[static_cast<size_t>(j * 37 + k)],
                         sum);
        }
        expected.push_back(sum + bias[static_cast<size_t>(j)]);
      }
    }
    EXPECT_TRUE(same_bits(run(table(), weight, x, 3, bias.data(), 1), expected));
  }
}

TEST_P(Linear, GivesARowTheSameBitsInEveryBatch) {
  // 1100 is more than two depth blocks; 45 outputs leave a tail of 13.
  for (WeightType type : {WeightType::kF32, WeightType::kF16, WeightType::kBF16}) {
    Weight weight(1100, 45, type);
    const std::vector<float> x = random_floats(33 * 1100, 4);
    const std::vector<float> all = run(table(), weight, x, 33);
    for (int64_t rows = 1; rows <= 17; ++rows) {
      const std::vector<float> some = run(table(), weight, x, rows, nullptr, 1);
      EXPECT_TRUE(same_bits(some, {all.begin(), all.begin() + rows * 45})) << rows << " rows";
    }
  }
}

TEST_P(Linear, GivesARowTheSameBitsInEveryRowBlock) {
  Weight weight(20, 32, WeightType::kF32);
  const std::vector<float> x = random_floats(530 * 20, 5);
  const std::vector<float> all = run(table(), weight, x, 530);
  const std::vector<float> last = run(table(), weight, {x.end() - 20, x.end()}, 1);
  EXPECT_TRUE(same_bits(last, {all.end() - 32, all.end()}));
}

TEST_P(Linear, GivesTheBitsOfThePortableTier) {
  for (WeightType type : {WeightType::kF32, WeightType::kF16, WeightType::kBF16}) {
    for (int64_t in : {1, 3, 64, 513}) {
      Weight weight(in, 33, type);
      const std::vector<float> x = random_floats(19 * in, 6);
      EXPECT_TRUE(same_bits(run(table(), weight, x, 19), run(kernels(Isa::kPortable), weight, x, 19))) << in;
      EXPECT_TRUE(same_bits(run(table(), weight, x, 1), run(kernels(Isa::kPortable), weight, x, 1))) << in;
    }
  }
}

TEST_P(Linear, StaysWithinTheErrorBoundOfASum) {
  const int64_t in = 700;
  Weight weight(in, 32, WeightType::kF32);
  const std::vector<float> x = random_floats(in, 7), y = run(table(), weight, x, 1);
  for (int64_t j = 0; j < 32; ++j) {
    double sum = 0.0, magnitude = 0.0;
    for (int64_t k = 0; k < in; ++k) {
      const double product =
          double{x[static_cast<size_t>(k)]} * weight.values[static_cast<size_t>(j * in + k)];
      sum += product;
      magnitude += std::fabs(product);
    }
    EXPECT_NEAR(y[static_cast<size_t>(j)], sum, 0x1p-24 * static_cast<double>(in) * magnitude);
  }
}

TEST_P(Linear, KeepsInfinitiesAndNaNsInTheirOwnOutputs) {
  Weight weight(40, 64, WeightType::kF32);
  weight.values[5 * 40 + 7] = std::numeric_limits<float>::infinity();
  weight.values[40 * 40 + 39] = std::numeric_limits<float>::quiet_NaN();
  for (size_t i = 0; i < weight.values.size(); ++i) weight.put(i);
  pack(weight.shape, weight.bytes.data() + 1, 0, 2, weight.packed.data());
  std::vector<float> x = random_floats(16 * 40, 8);
  x[7] = 0.5f;
  const std::vector<float> y = run(table(), weight, x, 16);
  EXPECT_EQ(y[5], std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(y[40]));
  for (size_t j = 0; j < 64; ++j) {
    if (j == 5 || j == 40) continue;
    EXPECT_TRUE(std::isfinite(y[j])) << j;
  }
  EXPECT_TRUE(same_bits(run(table(), weight, x, 1), {y.begin(), y.begin() + 64}));
}

TEST_P(Linear, WritesOnlyTheOutputsThatExist) {
  Weight weight(8, 33, WeightType::kF32);
  const std::vector<float> x = random_floats(15 * 8, 9);
  std::vector<float> y(15 * 40 + 1, -77.0f);
  for (int64_t rows : {1, 2, 15}) {
    const LinearCall call = {weight.shape, weight.packed.data(), nullptr, rows, x.data(), 8, y.data(), 40};
    Aligned packed_x(linear_pack_floats(call) + 16);
    if (rows > 1) table().pack_rows(call, 0, linear_pack_units(table(), call), packed_x.data());
    table().linear(call, rows > 1 ? packed_x.data() : x.data(), 0, 2);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t j = 33; j < 40; ++j) EXPECT_EQ(y[static_cast<size_t>(r * 40 + j)], -77.0f) << rows;
    }
  }
}

TEST_P(Linear, GivesTheSameBitsOnATeam) {
  Weight weight(300, 500, WeightType::kF32);
  for (int64_t rows : {1, 5, 40}) {
    const std::vector<float> x = random_floats(rows * 300, 10), expected = run(table(), weight, x, rows);
    for (int threads : {1, 2, 3}) {
      std::vector<float> y(expected.size());
      const LinearCall call = {weight.shape, weight.packed.data(), nullptr, rows, x.data(), 300, y.data(),
                               500};
      Aligned packed_x(linear_pack_floats(call) + 16);
      ThreadPool pool(threads);
      pool.run([&](Team& team) { linear(team, table(), call, packed_x.data()); });
      EXPECT_TRUE(same_bits(y, expected)) << rows << " rows, " << threads << " threads";
    }
  }
}

INSTANTIATE_FOR_EVERY_TIER(Linear);

TEST(PackedLinear, ReadsRowsBackAsTheyWere) {
  for (WeightType type : {WeightType::kF32, WeightType::kF16, WeightType::kBF16}) {
    Weight weight(19, 35, type);
    std::vector<float> row(19);
    for (int64_t r : {0, 31, 32, 34}) {
      gather_row(weight.shape, weight.packed.data(), r, row.data());
      EXPECT_TRUE(same_bits(row, {weight.values.begin() + r * 19, weight.values.begin() + (r + 1) * 19}));
    }
  }
}

TEST(PackedLinear, PadsTheLastPanelWithZeros) {
  Weight weight(3, 33, WeightType::kF32);
  for (int64_t k = 0; k < 3; ++k) {
    for (int64_t j = 1; j < 32; ++j) EXPECT_EQ(weight.packed.data()[3 * 32 + k * 32 + j], 0.0f);
  }
}

TEST(Half, WidensEveryValueExactly) {
  EXPECT_EQ(f16_to_f32(0x3c00), 1.0f);
  EXPECT_EQ(f16_to_f32(0xc000), -2.0f);
  EXPECT_EQ(f16_to_f32(0x7bff), 65504.0f);
  EXPECT_EQ(f16_to_f32(0x0001), 0x1p-24f);
  EXPECT_EQ(f16_to_f32(0x83ff), -0x3ffp-24f);
  EXPECT_EQ(f16_to_f32(0xfc00), -std::numeric_limits<float>::infinity());
  EXPECT_TRUE(std::isnan(f16_to_f32(0x7c01)));
  EXPECT_TRUE(std::signbit(f16_to_f32(0x8000)));
}

// A one-column weight shows the kernels' own widening: every 16-bit pattern goes through the linear layer.
TEST_P(Linear, WidensEverySixteenBitValueExactly) {
  for (WeightType type : {WeightType::kF16, WeightType::kBF16}) {
    const PackedLinear shape = {1, 65536, type};
    std::vector<uint16_t> bits(65536);
    std::vector<float> expected(65536), y(65536);
    for (size_t i = 0; i < bits.size(); ++i) bits[i] = static_cast<uint16_t>(i);
    widen(type, bits.data(), 65536, expected.data());
    for (float& v : expected) v = v == 0.0f ? 0.0f : v;  // 1 * -0 + 0 is +0
    Aligned packed(packed_bytes(shape) / 4);
    pack(shape, bits.data(), 0, panel_count(shape), packed.data());
    const float one = 1.0f;
    table().linear({shape, packed.data(), nullptr, 1, &one, 1, y.data(), 65536}, &one, 0, panel_count(shape));
    EXPECT_TRUE(same_bits(y, expected));
  }
}

}  // namespace
}  // namespace tessera::cpu
