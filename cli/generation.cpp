#include "cli/generation.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/model.hpp"

namespace tessera::cli {
namespace {

void note_metrics(const std::vector<GenerateResult>& results) {
  for (const GenerateResult& result : results) {
    note(
        fmt::format("{} prompt tokens, {} generated, first after {:.1f} ms, then {:.1f} tokens/s, {:.1f} "
                    "with the prompt, "
                    "ended by {}",
                    result.prompt_tokens.size(), result.tokens.size(), result.metrics.ttft_s * 1e3,
                    result.metrics.decode_tps, result.metrics.total_tps, to_string(result.finish_reason)));
    const speculation::Counters& drafts = result.metrics.speculation;
    if (drafts.drafts > 0) {
      note(fmt::format("{} of {} proposed tokens accepted, in {} drafts", drafts.accepted_tokens,
                       drafts.draft_tokens, drafts.drafts));
    }
  }
}

/// One prompt streams as it comes; several would interleave, so each is printed when all are done.
std::vector<GenerateResult> print_text(AutoModelForCausalLM& model, const std::vector<Prompt>& prompts,
                                       const GenerateOptions& options, bool stream) {
  if (prompts.size() == 1 && options.sampling->choices() == 1 && stream) {
    TextStream text = model.generate_stream(prompts.front(), options);
    for (const std::string& piece : text) write_stdout(piece);
    write_stdout("\n");
    return {text.result()};
  }
  std::vector<GenerateResult> results = model.generate(prompts, options);
  for (const GenerateResult& result : results) write_stdout(result.text + "\n");
  return results;
}

}  // namespace

void add_sampling_settings(Arguments& arguments) {
  arguments.add_settings(
      "Sampling",
      {"generate.generation_config", "generate.temperature", "generate.top_k", "generate.top_p",
       "generate.min_p", "generate.typical_p", "generate.repetition_penalty", "generate.presence_penalty",
       "generate.frequency_penalty", "generate.no_repeat_ngram_size", "generate.logit_bias", "generate.seed",
       "generate.logprobs", "generate.n", "generate.best_of"});
}

void add_generation_settings(Arguments& arguments) {
  arguments.add_settings("Prompt", {"generate.prompt", "generate.prompt_file", "generate.input_ids",
                                    "generate.add_special_tokens"});
  arguments.add_settings("Generation", {"generate.max_new_tokens", "generate.stop", "generate.stop_token_ids",
                                        "generate.ignore_eos", "generate.min_tokens"});
  add_sampling_settings(arguments);
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Engine", {"engine"});
}

int generate_and_print(const Config& config) {
  const std::string folder = model_of(config);
  GenerateOptions options = generate_options(config);
  const std::vector<Prompt> prompts = prompts_of(config);
  AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(folder, load_options(config));
  for (const std::string& warning : model.info().warnings) note("warning: " + warning);
  options.sampling = sampling_params(config, model);
  model.compile(compile_options(config));
  model.set_engine(engine_settings(config));
  if (!config.boolean("output.json")) {
    note_metrics(print_text(model, prompts, options, config.boolean("output.stream")));
    return kExitOk;
  }
  const std::vector<GenerateResult> results = model.generate(prompts, options);
  if (results.size() == 1) {
    write_json(to_json(results.front()));
  } else {
    boost::json::array array;
    for (const GenerateResult& result : results) array.push_back(to_json(result));
    write_json(array);
  }
  return kExitOk;
}

}  // namespace tessera::cli
