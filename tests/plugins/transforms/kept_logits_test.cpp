/// Which rows a speculative target gives logits of: those that Efficient Transformers takes, with i the first
/// index of the largest position: from 0 if i < keep, else from i + 1 - keep.
#include <cmath>
#include <vector>

#include "select_logits.hpp"
#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

struct KeptRows {
  std::vector<int64_t> position_ids;
  int64_t keep;
  std::vector<int64_t> rows;
};

const std::vector<KeptRows> kKeptRows = {
    {{0, 1, 2, 3}, 1, {3}},          {{0, 1, 2, -1}, 1, {2}},           {{4, 5, -1, -1}, 2, {0, 1}},
    {{0, 1, 2, 3}, 4, {0, 1, 2, 3}}, {{0, 1, -1, -1}, 4, {0, 1, 2, 3}}, {{0, -1, -1, -1}, 3, {0, 1, 2}},
    {{8, 9, 10, 11}, 2, {2, 3}},     {{-1, -1, -1, -1}, 1, {0}},        {{-1, -1, 5, 6}, 1, {3}},
    {{5, 6, 7, -1}, 3, {0, 1, 2}},   {{0, 1, 2, -1}, 4, {0, 1, 2, 3}},
};

TEST(KeptLogits, AreThoseOfTheRowsThatCount) {
  for (const KeptRows& expected : kKeptRows) {
    Tensors inputs = {{"input_ids", ints({1, 4}, {3, 1, 4, 5})},
                      {"position_ids", ints({1, 4}, expected.position_ids)}};
    const std::vector<float> all = floats(run(decoder(false), inputs).at("logits"));
    Model m = decoder(false);
    apply<SelectLogits>(m, {{"mode", "kept"}});
    inputs.emplace("num_logits_to_keep",
                   ints({expected.keep, 1}, std::vector<int64_t>(static_cast<size_t>(expected.keep))));
    const std::vector<float> kept = floats(run(m, inputs).at("logits"));
    ASSERT_EQ(kept.size(), expected.rows.size() * kVocab);
    for (size_t i = 0; i < kept.size(); ++i) {
      const float wanted = all[static_cast<size_t>(expected.rows[i / kVocab]) * kVocab + i % kVocab];
      const bool same = std::isnan(wanted) ? std::isnan(kept[i]) : std::abs(kept[i] - wanted) <= 2e-6f;
      EXPECT_TRUE(same) << testing::PrintToString(expected.position_ids) << " keep " << expected.keep
                        << ", logit " << i;
    }
  }
}

}  // namespace
}  // namespace tessera::transforms
