// What the engine costs beside the backend's runs: engine-bench MODEL [sequences [tokens]]
// So many sequences at once, each with all filters and penalties on; the share of scheduling, choosing tokens
// and callbacks in the whole, by wall clock. MODEL: a folder, or what `tessera bench --shape NAME --keep DIR`
// kept.
#include <fmt/core.h>

#include <charconv>
#include <string_view>
#include <vector>

#include "tessera/model.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

int64_t number(int argc, char** argv, int index, int64_t usual) {
  if (argc <= index) return usual;
  const std::string_view text = argv[index];
  int64_t value = usual;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

GenerateOptions all_filters(int64_t tokens, uint64_t seed) {
  GenerateOptions options{.max_new_tokens = tokens, .ignore_eos = true};
  options.sampling = sampling::SamplingParams{.temperature = 0.8,
                                              .top_k = 50,
                                              .top_p = 0.95,
                                              .min_p = 0.02,
                                              .typical_p = 0.95,
                                              .repetition_penalty = 1.1,
                                              .presence_penalty = 0.2,
                                              .frequency_penalty = 0.1,
                                              .no_repeat_ngram_size = 4,
                                              .logit_bias = {{5, 1.0F}},
                                              .min_tokens = tokens,
                                              .seed = seed};
  return options;
}

void measure(AutoModelForCausalLM& model, int64_t sequences, int64_t tokens) {
  std::vector<Generation> generations;
  const EngineStatistics before = model.engine_statistics();
  for (int64_t i = 0; i < sequences; ++i) {
    std::vector<int64_t> prompt;
    for (int64_t j = 0; j < 64; ++j) prompt.push_back((i * 7919 + j * j + 1) % model.info().vocab_size);
    generations.push_back(model.submit(Prompt(prompt), all_filters(tokens, static_cast<uint64_t>(i))));
  }
  for (const Generation& generation : generations) generation.get();
  const EngineStatistics after = model.engine_statistics();
  const double run = after.run_s - before.run_s, rest = after.overhead_s - before.overhead_s;
  const auto steps = static_cast<double>(after.steps - before.steps);
  fmt::print("{} sequences: {:.0f} steps, {:.2f} ms each in the backend, {:.3f} ms beside it: {:.2f} %\n",
             sequences, steps, 1e3 * run / steps, 1e3 * rest / steps, 100 * rest / (run + rest));
}

int run(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: engine-bench MODEL [sequences [tokens]]\n");
    return 2;
  }
  const int64_t sequences = number(argc, argv, 2, 16), tokens = number(argc, argv, 3, 48);
  AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(argv[1]);
  model.compile({.ctx_len = 64 + tokens});
  model.set_engine({.max_num_seqs = sequences});
  for (int round = 0; round < 3; ++round) measure(model, sequences, tokens);
  return 0;
}

}  // namespace
}  // namespace tessera

int main(int argc, char** argv) {
  try {
    return tessera::run(argc, argv);
  } catch (const tessera::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
