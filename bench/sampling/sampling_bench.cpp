// Microseconds that choosing one token takes: sampling-bench [vocabulary]
// 16 sequences in turn, each with a row of its own, a prompt of 1,000 tokens and 200 generated ones; the best
// of several rounds, by processor time. Rows are normal with deviation 1 (random weights) and 4 (closer to a
// trained model's).
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <vector>

#include "runtime/sampling/sampler.hpp"

namespace tessera::sampling {
namespace {

constexpr int kSequences = 16, kRounds = 15;

struct Case {
  const char* name;
  SamplingParams params;
};

std::vector<Case> cases() {
  const SamplingParams all = {.temperature = 0.8,
                              .top_k = 50,
                              .top_p = 0.95,
                              .min_p = 0.02,
                              .typical_p = 0.95,
                              .repetition_penalty = 1.1,
                              .presence_penalty = 0.2,
                              .frequency_penalty = 0.1,
                              .no_repeat_ngram_size = 4,
                              .logit_bias = {{5, 1.0F}},
                              .min_tokens = 1000,
                              .seed = 1};
  SamplingParams with_logprobs = all, without_top_k = all;
  with_logprobs.logprobs = 5;
  without_top_k.top_k = 0;
  return {{"greedy", {}},
          {"temperature", {.temperature = 0.8, .seed = 1}},
          {"top_k 50", {.temperature = 0.8, .top_k = 50, .seed = 1}},
          {"top_p 0.95", {.temperature = 0.8, .top_p = 0.95, .seed = 1}},
          {"min_p 0.05", {.temperature = 0.8, .min_p = 0.05, .seed = 1}},
          {"typical_p 0.95", {.temperature = 0.8, .typical_p = 0.95, .seed = 1}},
          {"all filters and penalties", all},
          {"all but top_k", without_top_k},
          {"all and logprobs 5", with_logprobs}};
}

/// The thread's own processor time: other work on the machine does not count.
double processor_microseconds() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) * 1e-3;
}

/// Rows of sequences, one behind the other.
std::vector<float> rows_of(size_t vocabulary, float deviation) {
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> rows(kSequences * vocabulary);
  for (float& logit : rows) logit = normal(random);
  return rows;
}

double microseconds(const SamplingParams& params, std::vector<float>& rows, size_t vocabulary) {
  std::mt19937 random(3);
  const auto token = [&] { return static_cast<int64_t>(random() % vocabulary); };
  std::vector<Sampler> samplers;
  for (uint32_t i = 0; i < kSequences; ++i) {
    std::vector<int64_t> prompt(1000);
    for (int64_t& id : prompt) id = token();
    Sampler& sampler = samplers.emplace_back(params, prompt, std::vector<int64_t>{2}, i);
    for (int generated = 0; generated < 200; ++generated) sampler.accept(token());
  }
  Workspace workspace;
  double best = 1e30;
  for (int round = 0; round < kRounds; ++round) {
    const double start = processor_microseconds();
    for (size_t i = 0; i < kSequences; ++i) {
      Sampler& sampler = samplers[i];
      sampler.accept(sampler.choose(std::span(rows).subspan(i * vocabulary, vocabulary), workspace).token);
    }
    best = std::min(best, (processor_microseconds() - start) / kSequences);
  }
  return best;
}

int run(size_t vocabulary) {
  fmt::print("{:<28}{:>14}{:>14}\n", fmt::format("vocabulary {}", vocabulary), "deviation 1", "deviation 4");
  std::vector<float> flat = rows_of(vocabulary, 1), peaked = rows_of(vocabulary, 4);
  for (const Case& c : cases()) {
    fmt::print("{:<28}{:>11.1f} us{:>11.1f} us\n", c.name, microseconds(c.params, flat, vocabulary),
               microseconds(c.params, peaked, vocabulary));
  }
  return 0;
}

}  // namespace
}  // namespace tessera::sampling

int main(int argc, char** argv) {
  size_t vocabulary = 32000;
  if (argc > 1) std::from_chars(argv[1], argv[1] + std::strlen(argv[1]), vocabulary);
  return tessera::sampling::run(std::max<size_t>(vocabulary, 16));
}
