// What the backend computes: the functions' meaning, in bits that depend on nothing but the request.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tests/plugins/cpu/driver.hpp"

namespace tessera::cpu {
namespace {

using graph::DataType;
using Floats = std::vector<float>;

constexpr double kTolerance = 1e-5;  // of the range
constexpr int64_t kLength = 150;     // three blocks of the cache, the last of them partly

std::vector<int64_t> count_up(int64_t n) {
  std::vector<int64_t> values(static_cast<size_t>(n));
  std::iota(values.begin(), values.end(), 0);
  return values;
}

struct Case {
  const char* name;
  TinyConfig config;
};

TinyConfig with(DataType dtype, bool tied, bool bias, int64_t window, bool dynamic = false) {
  TinyConfig config;
  config.dtype = dtype;
  config.tied = tied;
  config.bias = bias;
  config.window = window;
  config.dynamic = dynamic;
  return config;
}

class Models : public testing::TestWithParam<Case> {
 protected:
  TinyLlama model{GetParam().config};
  const TinyConfig& config = model.config();
  std::vector<int64_t> ids = sample_ids(kLength, config.vocab);
  // As the prompt's rows have it.
  std::vector<int64_t> lengths = std::vector<int64_t>(kLength, kLength);

  std::vector<Row> rows(uint32_t slot = 0) const {
    std::vector<Row> made = rows_of(ids, slot);
    for (Row& row : made) row.rope_length = kLength;
    return made;
  }

  // Logits of the whole sequence, fed in chunks of this many rows.
  Floats in_chunks(const plugin::Program& program, int64_t chunk, uint32_t slot = 0) const {
    SlotRunner runner(program, config);
    Floats all;
    const std::vector<Row> sequence = rows(slot);
    for (int64_t at = 0; at < kLength; at += chunk) {
      const auto end = sequence.begin() + std::min(at + chunk, kLength);
      const Floats part = runner.step({sequence.begin() + at, end});
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }
};

TEST_P(Models, FusedEqualsThePlainExecutor) {
  const plugin::Program fused = compile(model.pure(), model.file().c());
  const plugin::Program plain = compile(inlined(model.pure()), model.file().c());
  const Floats expected = run_pure(plain, config, ids, count_up(kLength), 1, lengths);
  EXPECT_LT(relative_difference(run_pure(fused, config, ids, count_up(kLength), 1, lengths), expected),
            kTolerance);
}

TEST_P(Models, BatchesWithPaddingEqualThePlainExecutor) {
  std::vector<int64_t> positions = count_up(kLength / 2);
  positions.insert(positions.end(), positions.begin(), positions.end());
  std::fill(positions.begin(), positions.begin() + 9, -1);  // padded on the left
  std::iota(positions.begin() + 9, positions.begin() + kLength / 2, 0);
  std::fill(positions.end() - 20, positions.end(), -1);  // and on the right
  const plugin::Program fused = compile(model.pure(), model.file().c());
  const plugin::Program plain = compile(inlined(model.pure()), model.file().c());
  Floats expected = run_pure(plain, config, ids, positions, 2, lengths);
  Floats actual = run_pure(fused, config, ids, positions, 2, lengths);
  for (size_t row = 0; row < positions.size(); ++row) {
    if (positions[row] >= 0) continue;  // unspecified
    const auto at = static_cast<int64_t>(row) * config.vocab;
    std::fill_n(expected.begin() + at, config.vocab, 0.0f);
    std::fill_n(actual.begin() + at, config.vocab, 0.0f);
  }
  EXPECT_LT(relative_difference(actual, expected), kTolerance);
}

TEST_P(Models, CacheGivesTheBitsOfThePureGraphInAnyChunking) {
  const plugin::Program pure = compile(model.pure(), model.file().c());
  const plugin::Program cached = compile(model.on_slots(), model.file().c());
  const Floats expected = run_pure(pure, config, ids, count_up(kLength), 1, lengths);
  for (const int64_t chunk : {kLength, int64_t{64}, int64_t{17}, int64_t{1}}) {
    EXPECT_EQ(in_chunks(cached, chunk), expected) << "chunks of " << chunk;
  }
}

TEST_P(Models, ThreadsAndSlotsDoNotChangeBits) {
  const Floats expected = in_chunks(compile(model.on_slots(), model.file().c(), 1), 40, 0);
  EXPECT_EQ(in_chunks(compile(model.on_slots(), model.file().c(), 2), 40, 3), expected);
}

TEST_P(Models, EveryTierEqualsThePlainExecutor) {
  const Floats expected =
      run_pure(compile(inlined(model.pure()), model.file().c()), config, ids, count_up(kLength), 1, lengths);
  const sdk::Value tiers = cpu_backend().property("isa.available");
  for (const std::string& isa : tiers.as_text_list()) {
    const plugin::Program cached = compile(model.on_slots(), model.file().c(), 0, isa);
    EXPECT_EQ(cached.property("isa").as_text(), isa);
    const Floats actual = in_chunks(cached, 64);
    EXPECT_LT(relative_difference(actual, expected), kTolerance) << isa;
    EXPECT_EQ(in_chunks(cached, 7), actual) << isa;
  }
}

TEST_P(Models, SequencesThatShareStepsKeepTheirBits) {
  const plugin::Program program = compile(model.on_slots(), model.file().c());
  const Floats alone = in_chunks(program, kLength);
  SlotRunner runner(program, config);
  // Slot 2 goes ahead by 30 rows a step, slot 0 by 11; rows of both are interleaved, padding lies between.
  std::vector<Row> ahead = rows(2), behind = rows(0);
  Floats of_ahead, of_behind;
  for (size_t a = 0, b = 0; b < behind.size();) {
    std::vector<Row> step;
    for (int i = 0; i < 30; ++i) {
      if (a < ahead.size()) step.push_back(ahead[a++]);
      if (i < 11 && b < behind.size()) step.push_back(behind[b++]);
      if (i == 4) step.push_back({0, -1, 1, kLength});
    }
    const Floats logits = runner.step(step);
    for (size_t row = 0; row < step.size(); ++row) {
      if (step[row].position < 0) continue;
      Floats& sequence = step[row].slot == 2 ? of_ahead : of_behind;
      const auto first = logits.begin() + static_cast<int64_t>(row) * config.vocab;
      sequence.insert(sequence.end(), first, first + config.vocab);
    }
  }
  EXPECT_EQ(of_ahead, alone);
  EXPECT_EQ(of_behind, alone);
}

INSTANTIATE_TEST_SUITE_P(Weights, Models,
                         testing::Values(Case{"F32Tied", with(DataType::kFloat, true, false, 0)},
                                         Case{"F32UntiedBias", with(DataType::kFloat, false, true, 0)},
                                         Case{"F16", with(DataType::kFloat16, true, false, 0)},
                                         Case{"BF16UntiedBias", with(DataType::kBfloat16, false, true, 0)},
                                         Case{"Window", with(DataType::kFloat, true, false, 40)},
                                         Case{"DynamicRotary", with(DataType::kFloat, true, false, 0, true)}),
                         [](const testing::TestParamInfo<Case>& info) {
                           return std::string(info.param.name);
                         });

TEST(Attention, PositionsInAnyOrderEqualThePlainExecutor) {
  for (const int64_t window : {0, 5}) {
    TinyLlama model(with(DataType::kFloat, true, false, window));
    const std::vector<int64_t> ids = sample_ids(24, model.config().vocab);
    std::vector<int64_t> positions = count_up(24);
    std::reverse(positions.begin(), positions.begin() + 10);
    positions[15] = -1;
    positions[23] = 40;
    Floats expected =
        run_pure(compile(inlined(model.pure()), model.file().c()), model.config(), ids, positions);
    Floats actual = run_pure(compile(model.pure(), model.file().c()), model.config(), ids, positions);
    std::fill_n(expected.begin() + 15 * model.config().vocab, model.config().vocab, 0.0f);
    std::fill_n(actual.begin() + 15 * model.config().vocab, model.config().vocab, 0.0f);
    EXPECT_LT(relative_difference(actual, expected), kTolerance) << "window " << window;
  }
}

}  // namespace
}  // namespace tessera::cpu
