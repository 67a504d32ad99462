/// Decoders against Hugging Face's own code: logits and hidden states at every position, greedy
/// text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "tessera/system.hpp"
#include "tests/runtime/api/golden_cases.hpp"

namespace tessera::test {
namespace {

constexpr double kTolerance = 2e-5;  // of the tensor's range, tests/golden/README.md

class Golden : public testing::TestWithParam<std::string> {
 protected:
  static AutoModelForCausalLM load(const CompileOptions& options) {
    AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(model_folder(GetParam()).string());
    model.compile(options);
    return model;
  }

  static std::vector<NamedTensor> run(AutoModelForCausalLM& model, const GoldenCase& c,
                                      std::vector<int64_t> chunks = {}) {
    return model.logits(Prompt(c.input_ids), {.chunks = std::move(chunks), .hidden_states = true});
  }

  /// Compares all tensors that the golden has; returns the largest relative difference.
  static double compare(const GoldenCase& c, const std::vector<NamedTensor>& tensors) {
    double largest = 0;
    size_t compared = 0;
    for (const NamedTensor& tensor : tensors) {
      const NamedTensor golden = golden_tensor(GetParam(), c.name, tensor.name);
      if (golden.data.empty()) continue;
      const double difference = relative_difference(tensor, golden);
      EXPECT_LE(difference, kTolerance) << c.name << ' ' << tensor.name;
      largest = std::max(largest, difference);
      ++compared;
    }
    EXPECT_GE(compared, 3U) << c.name;  // logits, first and last hidden state at least
    return largest;
  }
};

void expect_same_bits(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b,
                      const std::string& what) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    ASSERT_EQ(a[i].data.size(), b[i].data.size());
    EXPECT_EQ(std::memcmp(a[i].data.data(), b[i].data.data(), a[i].data.size() * sizeof(float)), 0)
        << a[i].name << ", " << what;
  }
}

TEST_P(Golden, CachedDecodeEqualsHuggingFace) {
  AutoModelForCausalLM model = load({.expose_values = {"hidden.*"}});
  double largest = 0;
  for (const GoldenCase& c : golden_cases(GetParam())) largest = std::max(largest, compare(c, run(model, c)));
  std::printf("largest difference, cached: %.2e of the range\n", largest);
}

TEST_P(Golden, PureGraphEqualsHuggingFace) {
  AutoModelForCausalLM model = load({.expose_values = {"hidden.*"}, .reference = true});
  double largest = 0;
  for (const GoldenCase& c : golden_cases(GetParam())) largest = std::max(largest, compare(c, run(model, c)));
  std::printf("largest difference, pure graph: %.2e of the range\n", largest);
}

TEST_P(Golden, GreedyTextEqualsHuggingFaceAloneAndSideBySide) {
  AutoModelForCausalLM model = load({});
  std::vector<Prompt> prompts;
  std::vector<GoldenCase> cases = golden_cases(GetParam());
  for (const GoldenCase& c : cases) prompts.emplace_back(c.input_ids);
  const GenerateOptions options{
      .max_new_tokens = 48, .ignore_eos = true, .sampling = sampling::SamplingParams{}};
  const std::vector<GenerateResult> together = model.generate(prompts, options);
  for (size_t i = 0; i < cases.size(); ++i) {
    EXPECT_EQ(together[i].tokens, cases[i].continuation_ids) << cases[i].name << " in a batch";
    EXPECT_EQ(model.generate(prompts[i], options).tokens, cases[i].continuation_ids)
        << cases[i].name << " alone";
  }
}

TEST_P(Golden, GreedyTextOfThePureGraphEqualsHuggingFaceWithoutCache) {
  AutoModelForCausalLM model = load({.reference = true});
  for (const GoldenCase& c : golden_cases(GetParam())) {
    if (c.input_ids.size() > 100) continue;  // each token computes the whole sequence anew
    const std::vector<int64_t>& expected =
        c.continuation_ids_no_cache.empty() ? c.continuation_ids : c.continuation_ids_no_cache;
    std::vector<int64_t> ids = c.input_ids, generated;
    while (generated.size() < expected.size()) {
      const NamedTensor logits = model.logits(Prompt(ids)).front();
      const auto vocab = static_cast<std::ptrdiff_t>(logits.dims[1]);
      generated.push_back(std::max_element(logits.data.end() - vocab, logits.data.end()) -
                          (logits.data.end() - vocab));
      ids.push_back(generated.back());
    }
    EXPECT_EQ(generated, expected) << c.name;
  }
}

TEST_P(Golden, AnyChunkingGivesTheSameBits) {
  AutoModelForCausalLM model = load({.expose_values = {"hidden.*"}});
  for (const GoldenCase& c : golden_cases(GetParam())) {
    const std::vector<NamedTensor> whole = run(model, c);
    for (const std::vector<int64_t>& chunks : {std::vector<int64_t>{1}, {7}, {64}, {13, 1, 32}}) {
      expect_same_bits(whole, run(model, c, chunks), c.name + " in chunks of " + std::to_string(chunks[0]));
    }
  }
}

TEST_P(Golden, AnyNumberOfThreadsGivesTheSameBits) {
  AutoModelForCausalLM one = load({.num_threads = 1, .expose_values = {"hidden.*"}});
  AutoModelForCausalLM two = load({.num_threads = 2, .expose_values = {"hidden.*"}});
  for (const GoldenCase& c : golden_cases(GetParam())) expect_same_bits(run(one, c), run(two, c), c.name);
}

/// The tiers that compute in float32 promise equal bits; each must be right wherever it can run.
TEST_P(Golden, EveryInstructionSetEqualsHuggingFace) {
  std::vector<std::string> tiers;
  for (const BackendInfo& backend : inspect_system().backends) {
    if (backend.id != "cpu") continue;
    for (const auto& [key, value] : backend.properties) {
      if (key != "isa.available") continue;
      std::string tier;
      for (const char ch : value + ",") {
        if (ch == ',')
          tiers.push_back(std::exchange(tier, ""));
        else if (ch != ' ')
          tier += ch;
      }
    }
  }
  ASSERT_THAT(tiers, testing::Contains("portable"));
  std::vector<NamedTensor> first;
  for (const std::string& tier : tiers) {
    AutoModelForCausalLM model = load({.isa = tier, .expose_values = {"hidden.*"}});
    const GoldenCase c = golden_cases(GetParam()).back();
    const std::vector<NamedTensor> tensors = run(model, c);
    compare(c, tensors);
    if (first.empty()) first = tensors;
    expect_same_bits(first, tensors, tiers.front() + " and " + tier);
  }
}

INSTANTIATE_TEST_SUITE_P(Decoders, Golden,
                         testing::Values("llama-stories260k", "llama3-tiny", "rope-linear", "rope-dynamic",
                                         "rope-yarn", "rope-longrope", "mistral-tiny", "gpt2-tiny"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace tessera::test
