/// Tokens that the graph draws against a small sampler written from the definition, in double; and what its
/// buffers remember. Logits are an input here, so that a test knows them.
#include "device_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include "tests/plugins/transforms/decoder.hpp"

namespace tessera::transforms {
namespace {

using namespace testing_decoder;  // NOLINT: the vocabulary of these tests
using exec::Bool;

constexpr int64_t kSamplerVocab = 24, kSamplerCandidates = 10;

/// Logits as they are given, one state that stays as it is, and the sampler.
Model sampling_graph(bool slots, bool bitmask) {
  Model m;
  m.opset_imports = {{"", 17}};
  m.graph.name = "sampling";
  const std::string rows = slots ? "slots" : "batch";
  m.graph.inputs = {type("input_ids", DataType::kInt64, {"batch", "seq"}),
                    type("position_ids", DataType::kInt64, {"batch", "seq"}),
                    type("past_key.0", DataType::kFloat, {rows, "1", "ctx_len", "1"}),
                    type("given", DataType::kFloat, {"batch", "1", "24"})};
  if (slots) m.graph.inputs.push_back(type("batch_index", DataType::kInt64, {"batch", "1"}));
  m.graph.outputs = {type("logits", DataType::kFloat, {"batch", "1", "24"}),
                     type("past_key.0_RetainedState", DataType::kFloat, {rows, "1", "ctx_len", "1"})};
  m.graph.nodes.push_back(node("head", "Identity", {"given"}, {"logits"}));
  m.graph.nodes.push_back(node("state", "Identity", {"past_key.0"}, {"past_key.0_RetainedState"}));
  apply<DeviceSampler>(m, {{"max-top-k-ids", "10"}, {"guided-decoding", bitmask ? "true" : "false"}});
  return m;
}

struct Parameters {
  float repetition = 1, presence = 0, temperature = 1, top_p = 1, min_p = 0;
  int32_t top_k = 0;
};

/// One row of a call.
struct Row {
  std::vector<int64_t> ids, positions;
  std::vector<float> logits = {};
  Parameters parameters = {};
  std::vector<float> uniforms = std::vector<float>(kSamplerCandidates, 0.5f);
  int64_t slot = 0;
  std::vector<bool> allowed = {};
};

/// The definition, sequence by sequence.
class Expected {
 public:
  explicit Expected(size_t sequences) : in_text_(sequences), in_output_(sequences) {}

  int64_t next(size_t sequence, const Row& row) {
    remember(sequence, row);
    std::vector<double> x(row.logits.begin(), row.logits.end());
    for (size_t t = 0; t < x.size(); ++t) {
      if (!row.allowed.empty() && !row.allowed[t]) x[t] = -INFINITY;
      const double penalty = row.parameters.repetition;
      if (in_text_[sequence].count(static_cast<int64_t>(t)))
        x[t] = x[t] > 0 ? x[t] / penalty : x[t] * penalty;
      if (in_output_[sequence].count(static_cast<int64_t>(t))) x[t] -= row.parameters.presence;
    }
    std::vector<int64_t> order(x.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return at(x, a) > at(x, b); });
    if (row.parameters.temperature == 0) return order[0];
    return draw(x, order, row);
  }

  const std::set<int64_t>& text(size_t sequence) const { return in_text_[sequence]; }
  const std::set<int64_t>& output(size_t sequence) const { return in_output_[sequence]; }

 private:
  static double at(const std::vector<double>& x, int64_t token) { return x[static_cast<size_t>(token)]; }

  void remember(size_t sequence, const Row& row) {
    if (row.positions[0] == 0) {
      in_text_[sequence].clear();
      in_output_[sequence].clear();
    }
    const bool prompt = row.positions[0] == 0 || row.ids.size() > 1;
    for (size_t i = 0; i < row.ids.size(); ++i) {
      if (row.positions[i] < 0) continue;
      in_text_[sequence].insert(row.ids[i]);
      if (!prompt) in_output_[sequence].insert(row.ids[i]);
    }
  }

  /// Candidates from the best: kept while fewer than k, while less than top_p stands before them, and at
  /// least min_p times as likely as the best.
  static int64_t draw(const std::vector<double>& x, const std::vector<int64_t>& order, const Row& row) {
    const Parameters& p = row.parameters;
    const int64_t k = p.top_k < 1 ? kSamplerCandidates : std::min<int64_t>(p.top_k, kSamplerCandidates);
    std::vector<double> weights;
    double sum = 0, before = 0, best = -INFINITY;
    for (int64_t i = 0; i < k; ++i) {
      weights.push_back(std::exp((at(x, order[static_cast<size_t>(i)]) - at(x, order[0])) / p.temperature));
      sum += weights.back();
    }
    int64_t chosen = order[0];
    for (size_t i = 0; i < weights.size(); ++i) {
      const double uniform = row.uniforms[row.uniforms.size() - 1 - i];
      const double score = (at(x, order[i]) - at(x, order[0])) / p.temperature - std::log(-std::log(uniform));
      const bool kept = i == 0 || (before < p.top_p && weights[i] >= p.min_p * weights[0]);
      before += weights[i] / sum;
      if (!kept || score <= best) continue;
      best = score;
      chosen = order[i];
    }
    return chosen;
  }

  std::vector<std::set<int64_t>> in_text_, in_output_;
};

/// The graph, with its buffers between the calls.
class Device {
 public:
  /// Buffers begin full of marks: nobody may rely on what is in them.
  Device(int64_t sequences, bool slots, bool bitmask = false)
      : model_(sampling_graph(slots, bitmask)), sequences_(sequences), slots_(slots), bitmask_(bitmask) {
    for (const char* name : {"past_repetition_penalty_buffer", "past_presence_penalty_buffer"})
      buffers_[name] = exec::Tensor::of<Bool>(
          {sequences, kSamplerVocab},
          std::vector<Bool>(static_cast<size_t>(sequences * kSamplerVocab), Bool(true)));
  }

  std::vector<int64_t> next(const std::vector<Row>& rows) {
    Tensors inputs = columns(rows);
    inputs.insert(buffers_.begin(), buffers_.end());
    inputs["past_key.0"] = zeros({sequences_, 1, 2, 1});
    const Tensors outputs = run(model_, inputs);
    for (auto& [name, value] : buffers_) value = outputs.at(name + "_RetainedState");
    const exec::Tensor tokens = outputs.at("next_tokens").tensor();
    EXPECT_EQ(tokens.dims().text(), exec::Dims({static_cast<int64_t>(rows.size()), 1, 1}).text());
    return std::vector<int64_t>(tokens.data<int64_t>(), tokens.data<int64_t>() + tokens.size());
  }

  std::set<int64_t> marked(const std::string& name, size_t sequence) const {
    const exec::Tensor buffer = buffers_.at(name).tensor();
    std::set<int64_t> tokens;
    for (int64_t t = 0; t < kSamplerVocab; ++t)
      if (buffer.data<Bool>()[static_cast<int64_t>(sequence) * kSamplerVocab + t]) tokens.insert(t);
    return tokens;
  }

 private:
  Tensors columns(const std::vector<Row>& rows) const {
    std::vector<int64_t> ids, positions, slots;
    std::vector<float> logits, repetition, presence, temperature, top_p, min_p, uniforms;
    std::vector<int32_t> top_k;
    std::vector<Bool> allowed;
    for (const Row& row : rows) {
      ids.insert(ids.end(), row.ids.begin(), row.ids.end());
      positions.insert(positions.end(), row.positions.begin(), row.positions.end());
      logits.insert(logits.end(), row.logits.begin(), row.logits.end());
      uniforms.insert(uniforms.end(), row.uniforms.begin(), row.uniforms.end());
      slots.push_back(row.slot);
      repetition.push_back(row.parameters.repetition);
      presence.push_back(row.parameters.presence);
      temperature.push_back(row.parameters.temperature);
      top_p.push_back(row.parameters.top_p);
      min_p.push_back(row.parameters.min_p);
      top_k.push_back(row.parameters.top_k);
      for (int64_t t = 0; t < kSamplerVocab; ++t)
        allowed.emplace_back(row.allowed.empty() || row.allowed[static_cast<size_t>(t)]);
    }
    const auto batch = static_cast<int64_t>(rows.size()), seq = static_cast<int64_t>(rows[0].ids.size());
    const auto column = [&](const std::vector<float>& values) {
      return exec::Tensor::of<float>({batch, 1}, values);
    };
    Tensors inputs = {{"input_ids", ints({batch, seq}, ids)},
                      {"position_ids", ints({batch, seq}, positions)},
                      {"last_accepted_output_tokens", ints({batch, seq}, ids)},
                      {"given", exec::Tensor::of<float>({batch, 1, kSamplerVocab}, logits)},
                      {"repetition_penalties", column(repetition)},
                      {"presence_penalties", column(presence)},
                      {"temperatures", column(temperature)},
                      {"top_ks", exec::Tensor::of<int32_t>({batch, 1}, top_k)},
                      {"top_ps", column(top_p)},
                      {"min_ps", column(min_p)},
                      {"random_numbers", exec::Tensor::of<float>({batch, kSamplerCandidates}, uniforms)}};
    if (slots_) inputs.emplace("batch_index", ints({batch, 1}, slots));
    if (bitmask_) inputs.emplace("token_bitmasks", exec::Tensor::of<Bool>({batch, kSamplerVocab}, allowed));
    return inputs;
  }

  Model model_;
  int64_t sequences_;
  bool slots_, bitmask_;
  Tensors buffers_;
};

constexpr const char* kInText = "past_repetition_penalty_buffer";
constexpr const char* kInOutput = "past_presence_penalty_buffer";

class Numbers {
 public:
  float between(float low, float high) { return std::uniform_real_distribution<float>(low, high)(engine_); }
  int64_t below(int64_t limit) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(limit)); }
  std::vector<float> many(size_t count, float low, float high) {
    std::vector<float> values(count);
    for (float& value : values) value = between(low, high);
    return values;
  }
  Parameters parameters() {
    Parameters p;
    p.repetition = between(0.7f, 1.6f);
    p.presence = between(-0.5f, 1.0f);
    p.temperature = below(5) == 0 ? 0.0f : between(0.2f, 2.0f);
    p.top_k = static_cast<int32_t>(below(14)) - 1;
    p.top_p = below(3) == 0 ? 1.0f : between(0.3f, 1.0f);
    p.min_p = below(3) == 0 ? 0.0f : between(0.0f, 0.4f);
    return p;
  }

 private:
  std::mt19937_64 engine_{20260825};
};

class SamplerDraws : public testing::TestWithParam<bool> {};  ///< parameter: rows name their slot
INSTANTIATE_TEST_SUITE_P(Slots, SamplerDraws, testing::Bool());

// Sequences begin anew after some steps, with a prompt of two tokens or of one; with slots one of them rests
// in each other call.
TEST_P(SamplerDraws, AreWhatTheDefinitionSays) {
  Numbers numbers;
  Device device(4, GetParam());
  Expected expected(4);
  size_t best = 0, all = 0;
  for (int64_t step = 0; step < 60; ++step) {
    std::vector<Row> rows;
    std::vector<int64_t> tokens;
    for (int64_t i = 0; i < 4; ++i) {
      const int64_t slot = GetParam() ? (i * 3 + step) % 4 : i;
      if (GetParam() && i == 3 && step % 20 != 0) continue;
      Row row{{numbers.below(kSamplerVocab)}, {step % 20}};
      if (step % 20 == 0) {
        row.ids.push_back(numbers.below(kSamplerVocab));
        row.positions.push_back(slot == 2 ? -1 : 1);
      }
      row.slot = slot;
      row.logits = numbers.many(kSamplerVocab, -4, 4);
      row.parameters = numbers.parameters();
      row.uniforms = numbers.many(kSamplerCandidates, 0.001f, 0.999f);
      rows.push_back(row);
      tokens.push_back(expected.next(static_cast<size_t>(slot), row));
      const auto largest = std::max_element(row.logits.begin(), row.logits.end()) - row.logits.begin();
      best += tokens.back() == largest ? 1 : 0;
      ++all;
    }
    ASSERT_EQ(device.next(rows), tokens) << "step " << step;
    for (size_t sequence = 0; sequence < 4 && !GetParam(); ++sequence) {
      EXPECT_EQ(device.marked(kInText, sequence), expected.text(sequence)) << "step " << step;
      EXPECT_EQ(device.marked(kInOutput, sequence), expected.output(sequence)) << "step " << step;
    }
  }
  EXPECT_LT(best, all * 3 / 4);  // else nothing was drawn
  EXPECT_GT(best, all / 8);
}

TEST(DeviceSampler, ObeysTheBitmask) {
  Numbers numbers;
  Device device(2, /*slots=*/false, /*bitmask=*/true);
  Expected expected(2);
  for (int64_t step = 0; step < 20; ++step) {
    std::vector<Row> rows;
    std::vector<int64_t> tokens;
    for (size_t sequence = 0; sequence < 2; ++sequence) {
      Row row{{numbers.below(kSamplerVocab)}, {step}, numbers.many(kSamplerVocab, -4, 4)};
      row.parameters = numbers.parameters();
      row.uniforms = numbers.many(kSamplerCandidates, 0.001f, 0.999f);
      row.allowed.assign(kSamplerVocab, false);
      for (int i = 0; i < 3; ++i) row.allowed[static_cast<size_t>(numbers.below(kSamplerVocab))] = true;
      rows.push_back(row);
      tokens.push_back(expected.next(sequence, row));
      EXPECT_TRUE(row.allowed[static_cast<size_t>(tokens.back())]);
    }
    ASSERT_EQ(device.next(rows), tokens) << "step " << step;
  }
}

Row plain_row(std::vector<int64_t> ids, std::vector<int64_t> positions, int64_t slot) {
  Row row{std::move(ids), std::move(positions), std::vector<float>(kSamplerVocab, 1.0f)};
  row.slot = slot;
  return row;
}

TEST(DeviceSampler, BuffersFollowTheirSlot) {
  Device device(3, /*slots=*/true);
  const std::set<int64_t> everything = device.marked(kInText, 0);
  ASSERT_EQ(everything.size(), static_cast<size_t>(kSamplerVocab));
  // A prompt in two chunks, the second with padding; a position 0 clears its slot and no other.
  device.next({plain_row({3, 5, 7}, {0, 1, 2}, 1)});
  EXPECT_EQ(device.marked(kInText, 1), (std::set<int64_t>{3, 5, 7}));
  EXPECT_EQ(device.marked(kInOutput, 1), std::set<int64_t>{});
  device.next({plain_row({9, 5, 0}, {3, 4, -1}, 1)});
  EXPECT_EQ(device.marked(kInText, 1), (std::set<int64_t>{3, 5, 7, 9}));
  EXPECT_EQ(device.marked(kInText, 0), everything);
  EXPECT_EQ(device.marked(kInOutput, 2), everything);
  // Tokens that were drawn count for both; a row that nobody uses changes nothing.
  device.next({plain_row({-1}, {-1}, -1), plain_row({11}, {5}, 1)});
  EXPECT_EQ(device.marked(kInText, 1), (std::set<int64_t>{3, 5, 7, 9, 11}));
  EXPECT_EQ(device.marked(kInOutput, 1), std::set<int64_t>{11});
  EXPECT_EQ(device.marked(kInText, 2), everything);
  // Another sequence in that slot, whose prompt is one token; beside it a slot of a prompt without marks yet.
  device.next({plain_row({2}, {0}, 1), plain_row({4}, {0}, 2)});
  EXPECT_EQ(device.marked(kInText, 1), std::set<int64_t>{2});
  EXPECT_EQ(device.marked(kInOutput, 1), std::set<int64_t>{});
  EXPECT_EQ(device.marked(kInText, 2), std::set<int64_t>{4});
  EXPECT_EQ(device.marked(kInText, 0), everything);
}

TEST(DeviceSampler, PaddingRowsWithoutSlotsKeepTheirBuffers) {
  Device device(2, /*slots=*/false);
  device.next({plain_row({3, 5}, {0, 1}, 0), plain_row({4, 0}, {0, -1}, 0)});
  device.next({plain_row({7, 8}, {2, 3}, 0), plain_row({9, 9}, {-1, -1}, 0)});
  EXPECT_EQ(device.marked(kInText, 0), (std::set<int64_t>{3, 5, 7, 8}));
  EXPECT_EQ(device.marked(kInText, 1), std::set<int64_t>{4});
}

// Noise is infinite at 0 and 1, and small temperatures spread logits beyond float16: neither lifts a
// candidate that top-k excludes.
TEST(DeviceSampler, NoNoiseLiftsWhatIsExcluded) {
  Device device(1, /*slots=*/false);
  for (const float temperature : {1.0f, 1e-4f}) {
    for (const float uniform : {0.0f, 1.0f}) {
      Row row = plain_row({1}, {5}, 0);
      for (int64_t t = 0; t < kSamplerVocab; ++t)
        row.logits[static_cast<size_t>(t)] = -10.0f - static_cast<float>(t);
      row.parameters.top_k = 1;
      row.parameters.temperature = temperature;
      row.uniforms.assign(kSamplerCandidates, uniform);
      EXPECT_EQ(device.next({row}), std::vector<int64_t>{0}) << temperature << " " << uniform;
    }
  }
}

Error sampler_refusal(Model m, const std::vector<std::pair<std::string, std::string>>& options = {}) {
  return error_of([&] { apply<DeviceSampler>(m, options); });
}

TEST(DeviceSampler, RefusesWhatItLacks) {
  EXPECT_EQ(sampler_refusal(decoder()).message(), "device-sampler: the graph has no retained state");
  EXPECT_EQ(sampler_refusal(sampling_graph(false, false)).message(),
            "device-sampler: the graph has no output 'logits'");
  Model m = sampling_graph(false, false);
  m.graph.outputs[0] = type("logits", DataType::kFloat, {"batch", "1", "24"});
  EXPECT_EQ(sampler_refusal(m, {{"return-pdfs", "true"}}).code(), ErrorCode::kNotSupported);
  EXPECT_EQ(sampler_refusal(m, {{"max-top-k-ids", "25"}}).message(),
            "device-sampler: max-top-k-ids is 25, the vocabulary has 24 tokens");
  EXPECT_EQ(sampler_refusal(m, {{"max-top-k-ids", "0"}}).key_name(), "max-top-k-ids");
  m.graph.inputs.push_back(type("num_logits_to_keep", DataType::kInt64, {"num_logits_to_keep", "1"}));
  EXPECT_EQ(sampler_refusal(m).key_name(), "num_logits_to_keep");
  m.graph.inputs.pop_back();
  m.graph.outputs[0] = type("logits", DataType::kFloat, {"batch", "seq", "24"});
  EXPECT_EQ(sampler_refusal(m).message(),
            "device-sampler: 'logits' is not declared as float [batch, 1, vocab]");
}

}  // namespace
}  // namespace tessera::transforms
