/// The rewritten graphs compute what the pure graph computes: on the plain executor, with all functions
/// inlined.
#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "constant_folding.hpp"
#include "kv_cache.hpp"
#include "select_logits.hpp"
#include "slots.hpp"
#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests

constexpr int64_t kContext = 8;
const std::vector<int64_t> kTokens = {3, 1, 4, 1, 5, 9, 2};

std::vector<int64_t> range(int64_t first, int64_t last) {
  std::vector<int64_t> values;
  for (int64_t i = first; i < last; ++i) values.push_back(i);
  return values;
}

std::vector<float> pure_logits(bool windowed) {
  const int64_t length = static_cast<int64_t>(kTokens.size());
  const Tensors outputs = run(decoder(windowed), {{"input_ids", ints({1, length}, kTokens)},
                                                  {"position_ids", ints({1, length}, range(0, length))}});
  return floats(outputs.at("logits"));
}

void expect_close(const std::vector<float>& actual, const std::vector<float>& expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], 2e-6f) << "element " << i;
}

/// A graph with a cache, stepped as an engine does: what a step retains is what the next one gets.
class Stepper {
 public:
  Stepper(Model m, int64_t cache_rows) : model_(std::move(m)) {
    for (const graph::ValueInfo& input : model_.graph.inputs) {
      if (input.name.rfind("past_", 0) == 0)
        state_[input.name] = zeros({cache_rows, kKvHeads, kContext, kHeadDim});
    }
  }

  std::vector<float> step(Tensors inputs) {
    inputs.insert(state_.begin(), state_.end());
    const Tensors outputs = run(model_, inputs);
    for (auto& [name, value] : state_) value = outputs.at(name + "_RetainedState");
    return floats(outputs.at("logits"));
  }

 private:
  Model model_;
  Tensors state_;
};

class Numerics : public testing::TestWithParam<bool> {};  ///< parameter: the second layer has a window of 3
INSTANTIATE_TEST_SUITE_P(Window, Numerics, testing::Bool(), [](const testing::TestParamInfo<bool>& info) {
  return info.param ? "windowed" : "full";
});

TEST_P(Numerics, CachedEqualsPureInAnyChunks) {
  const std::vector<float> expected = pure_logits(GetParam());
  for (const int64_t chunk : {1, 2, 3, 7}) {
    Model m = decoder(GetParam());
    apply<KvCache>(m);
    Stepper stepper(std::move(m), 1);
    std::vector<float> logits;
    const int64_t length = static_cast<int64_t>(kTokens.size());
    for (int64_t first = 0; first < length; first += chunk) {
      const int64_t last = std::min(first + chunk, length);
      const std::vector<float> part = stepper.step(
          {{"input_ids", ints({1, last - first}, {kTokens.begin() + first, kTokens.begin() + last})},
           {"position_ids", ints({1, last - first}, range(first, last))}});
      logits.insert(logits.end(), part.begin(), part.end());
    }
    expect_close(logits, expected);
  }
}

TEST_P(Numerics, PaddingWritesNothing) {
  Model m = decoder(GetParam());
  apply<KvCache>(m);
  Stepper stepper(std::move(m), 1);
  std::vector<float> logits;
  for (size_t i = 0; i < kTokens.size(); ++i) {
    const std::vector<float> part =
        stepper.step({{"input_ids", ints({1, 2}, {7, kTokens[i]})},
                      {"position_ids", ints({1, 2}, {-1, static_cast<int64_t>(i)})}});
    logits.insert(logits.end(), part.begin() + kVocab, part.end());
  }
  expect_close(logits, pure_logits(GetParam()));
}

TEST_P(Numerics, RowsOfOneTokenShareASlotInOneStep) {
  Model m = decoder(GetParam());
  apply<KvCache>(m);
  apply<Slots>(m);
  const int64_t length = static_cast<int64_t>(kTokens.size());
  Stepper stepper(std::move(m), 3);
  expect_close(stepper.step({{"input_ids", ints({length, 1}, kTokens)},
                             {"position_ids", ints({length, 1}, range(0, length))},
                             {"batch_index", ints({length, 1}, std::vector<int64_t>(kTokens.size(), 2))}}),
               pure_logits(GetParam()));
}

TEST_P(Numerics, SequencesInterleavedInSlotsDoNotSeeOneAnother) {
  Model m = decoder(GetParam());
  apply<KvCache>(m);
  apply<Slots>(m);
  Stepper stepper(std::move(m), 2);
  std::vector<float> logits;
  for (size_t i = 0; i < kTokens.size(); ++i) {
    const int64_t position = static_cast<int64_t>(i);
    const std::vector<float> part = stepper.step({{"input_ids", ints({2, 1}, {10 - kTokens[i], kTokens[i]})},
                                                  {"position_ids", ints({2, 1}, {position, position})},
                                                  {"batch_index", ints({2, 1}, {1, 0})}});
    logits.insert(logits.end(), part.begin() + kVocab, part.end());
  }
  expect_close(logits, pure_logits(GetParam()));
}

TEST_P(Numerics, SelectedRowsAreRowsOfTheWhole) {
  Model m = decoder(GetParam());
  apply<KvCache>(m);
  apply<Slots>(m);
  apply<SelectLogits>(m);
  const int64_t length = static_cast<int64_t>(kTokens.size());
  Stepper stepper(std::move(m), 1);
  const std::vector<float> logits =
      stepper.step({{"input_ids", ints({length, 1}, kTokens)},
                    {"position_ids", ints({length, 1}, range(0, length))},
                    {"batch_index", ints({length, 1}, std::vector<int64_t>(kTokens.size(), 0))},
                    {"logits_rows", ints({2}, {5, 1})}});
  const std::vector<float> whole = pure_logits(GetParam());
  std::vector<float> expected(whole.begin() + 5 * kVocab, whole.begin() + 6 * kVocab);
  expected.insert(expected.end(), whole.begin() + kVocab, whole.begin() + 2 * kVocab);
  expect_close(logits, expected);
}

TEST_P(Numerics, TheLastPositionsAreFoundBesidePadding) {
  const std::vector<float> whole = pure_logits(GetParam());
  const std::vector<int64_t> tokens = {3, 1, 4, 1, 5, 9, 2, 7, 7}, positions = {0, 1, 2, 3, 4, 5, 6, -1, -1};
  for (const auto& [mode, k, count] : {std::tuple("last", "", 1), std::tuple("last-k", "3", 3)}) {
    Model m = decoder(GetParam());
    std::vector<std::pair<std::string, std::string>> options = {{"mode", mode}};
    if (*k) options.emplace_back("k", k);
    apply<SelectLogits>(m, options);
    const Tensors outputs =
        run(m, {{"input_ids", ints({1, 9}, tokens)}, {"position_ids", ints({1, 9}, positions)}});
    expect_close(floats(outputs.at("logits")), {whole.end() - count * kVocab, whole.end()});
  }
}

TEST_P(Numerics, FoldingConstantsChangesNoBit) {
  Model m = decoder(GetParam());
  graph::inline_functions(m);
  const size_t before = m.graph.nodes.size();
  EXPECT_TRUE(apply<ConstantFolding>(m));
  EXPECT_LT(m.graph.nodes.size(), before);
  const int64_t length = static_cast<int64_t>(kTokens.size());
  const Tensors outputs = run(
      m, {{"input_ids", ints({1, length}, kTokens)}, {"position_ids", ints({1, length}, range(0, length))}});
  EXPECT_EQ(floats(outputs.at("logits")), pure_logits(GetParam()));
}

}  // namespace
}  // namespace tessera::transforms
