#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>

#include "cli/command.hpp"
#include "cli/generation.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/run/batch_run.hpp"
#include "cli/run/receipt.hpp"
#include "core/digest/sha256.hpp"

namespace tessera::cli {
namespace {

/// Of all that decides what the results are: requests, model and settings; not of how many threads compute.
std::string run_digest(const Config& config, const std::vector<RawRequest>& requests) {
  Sha256 digest;
  const auto add = [&](std::string_view text) {
    digest.update(fmt::format("{}:", text.size()));
    digest.update(text);
  };
  for (const Setting& setting : settings()) {
    const std::string_view section = section_of(setting.key);
    const bool of_results = setting.key == "model" || setting.key == "task" ||
                            setting.key == "request_timeout" || section == "generate" || section == "compile";
    const bool of_machine = setting.key == "compile.num_threads" || setting.key == "compile.dump_dir";
    if (!of_results || of_machine) continue;
    add(setting.key);
    for (const std::string& text : config.list(setting.key)) add(text);
  }
  for (const BackendSection& section : config.backend_sections()) {
    if (section.backend != config.text("compile.backend")) continue;
    for (const auto& [name, value] : section.options) {
      add(name);
      add(value);
    }
  }
  for (const RawRequest& request : requests) add(request.text);
  return digest.finish();
}

void refuse_input_as_output(const Config& config) {
  std::error_code ignored;
  const std::string input = config.text("requests_file"), output = config.text("output.file");
  if (input.empty() || output.empty() || !std::filesystem::equivalent(input, output, ignored)) return;
  throw Error(ErrorCode::kInvalidArgument, "the output would replace the requests")
      .file(output)
      .remedy("give another -o");
}

void report(const Config& config, const RunSummary& summary) {
  const std::string file = config.text("output.file");
  if (config.boolean("output.json") && !file.empty()) {
    write_json(boost::json::object{{"output", file},
                                   {"requests", summary.requests},
                                   {"earlier", summary.earlier},
                                   {"failed", summary.failed},
                                   {"tokens", summary.tokens},
                                   {"prompt_tokens", summary.prompt_tokens},
                                   {"seconds", summary.seconds}});
  }
  std::string text = fmt::format("{} requests", summary.requests);
  if (summary.earlier > 0) text += fmt::format(", {} of them by an earlier run", summary.earlier);
  if (summary.failed > 0) text += fmt::format(", {} failed: their lines say why", summary.failed);
  const double seconds = std::max(summary.seconds, 1e-9);
  note(fmt::format("{}; {} tokens in {:.2f} s, {:.1f} tokens/s, {:.1f} with the prompts", text,
                   summary.tokens, summary.seconds, static_cast<double>(summary.tokens) / seconds,
                   static_cast<double>(summary.tokens + summary.prompt_tokens) / seconds));
}

int run_batch(const Config& config) {
  const std::string folder = model_of(config);
  refuse_input_as_output(config);
  const std::vector<RawRequest> requests = read_requests(config);
  const std::unique_ptr<ResultOutput> output =
      open_output(config.text("output.file"), config.boolean("output.json"),
                  {.resume = config.boolean("output.resume"),
                   .run = run_digest(config, requests),
                   .requests = requests.size()});
  AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(folder, load_options(config));
  for (const std::string& warning : model.info().warnings) note("warning: " + warning);
  model.compile(compile_options(config));
  model.set_engine(engine_settings(config));
  model.engine_statistics();  // makes the engine: what does not go together is refused once, not in each line
  try {
    const RunSummary summary = run_requests(config, model, requests, *output);
    const std::string receipt = config.text("output.receipt");
    if (!receipt.empty()) {
      write_receipt(make_receipt(config, model, requests, config.text("output.file")), receipt);
    }
    report(config, summary);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kCancelled && config.has("output.file")) {
      note(fmt::format("what was finished is in {}.partial; --resume goes on", config.text("output.file")));
    }
    throw;
  }
  return kExitOk;
}

}  // namespace

int run_run(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments(
      "run [FILE.yaml] [--requests IN.jsonl] [-o OUT.jsonl] [FLAGS]     flags win over the file");
  arguments.add_flags("Run", {{"run-file", '\0', "FILE.yaml", "", "run file; also the first argument"}});
  arguments.add_settings("Run", {"requests_file", "request_timeout"});
  arguments.add_positional("run-file");
  add_generation_settings(arguments);
  arguments.add_settings("Output", {"output"});
  if (!parse_arguments(self, arguments, args)) return 0;
  Config& config = arguments.config();
  if (arguments.has("run-file")) {
    load_yaml(arguments.get("run-file"), config);
  } else if (!arguments.has("requests")) {
    throw UsageError("no run file given", "tessera run configs/generate.yaml");
  }
  const std::string source = prompt_source(config);
  const bool batch = source == "requests" || source == "requests_file" || config.has("output.file");
  if (!batch && config.boolean("output.resume")) throw UsageError("--resume needs an output file", "-o FILE");
  std::error_code ignored;
  const bool to_file =
      config.has("output.file") && (std::filesystem::is_regular_file(config.text("output.file"), ignored) ||
                                    !std::filesystem::exists(config.text("output.file"), ignored));
  if (config.has("output.receipt") && !to_file)
    throw UsageError("--receipt needs results in a file", "-o FILE.jsonl");
  return batch ? run_batch(config) : generate_and_print(config);
}

}  // namespace tessera::cli
