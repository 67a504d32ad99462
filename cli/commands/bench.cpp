#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>

#include "cli/bench/measure.hpp"
#include "cli/bench/report.hpp"
#include "cli/bench/scratch_checkpoint.hpp"
#include "cli/bench/tokenizer_measure.hpp"
#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "tessera/model.hpp"
#include "tessera/synthetic.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {
namespace {

std::string shape_names() {
  std::string names;
  for (const Shape& s : shapes()) names += (names.empty() ? "" : "|") + std::string(s.name);
  return names;
}

Arguments bench_arguments() {
  Arguments arguments("bench (MODEL | --shape NAME | --tokenizer MODEL --text FILE)");
  arguments.add_positional("model");
  arguments.add_flags(
      "Bench", {{"n-prompt", 'p', "N,N,...", "512", "prompt lengths to process"},
                {"n-gen", 'n', "N,N,...", "64", "numbers of tokens to generate, each after an empty prompt"},
                {"threads", 't', "N,N,...", "0", "thread counts; 0: what affinity and cgroup quota allow"},
                {"repetitions", 'r', "N", "5", "runs of each measurement, after one that warms up"},
                {"output", 'o', "md|json|jsonl", "md", "form of the result"},
                {"shape", '\0', shape_names(), "", "random weights of this shape instead of a model"},
                {"dtype", '\0', "f32|f16|bf16", "f32", "weights of --shape"},
                {"keep", '\0', "DIR", "", "keep the checkpoint of --shape here, and use it if it is there"},
                {"tokenizer", '\0', "", "", "only MODEL's tokenizer: loading, and encoding on one core"},
                {"text", '\0', "FILE", "", "what --tokenizer encodes, in documents of 4,000 characters"}});
  arguments.add_settings("Model", {"model", "plugin_paths"});
  arguments.add_settings("Compilation",
                         {"compile.backend", "compile.isa", "compile.passes", "compile.options"});
  arguments.add_settings("Output", {"output.json"});
  return arguments;
}

std::string bench_tokenizer(const Arguments& arguments, const Config& config, std::string_view form) {
  if (arguments.has("shape")) throw UsageError("--tokenizer needs a model, --shape has none", "");
  if (!config.has("model")) throw UsageError("--tokenizer: no model given", "give a folder or an id");
  if (!arguments.has("text")) throw UsageError("--tokenizer: no --text given", "give a megabyte of English");
  const TokenizerPlan plan{.model = config.text("model"),
                           .text = read_input_file(arguments.get("text")),
                           .repetitions = arguments.integer("repetitions", 1),
                           .cancel = interrupt_token()};
  return format_report(measure_tokenizer(plan), form);
}

}  // namespace

int run_bench(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments = bench_arguments();
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const std::string form = config.boolean("output.json") ? "json" : arguments.get("output");
  if (form != "md" && form != "json" && form != "jsonl") {
    throw UsageError(fmt::format("--output: '{}' is not md, json or jsonl", form), "");
  }
  if (arguments.has("tokenizer")) {
    write_stdout(bench_tokenizer(arguments, config, form));
    return kExitOk;
  }
  if (arguments.has("text")) throw UsageError("--text goes with --tokenizer", "");
  if (arguments.has("shape") == config.has("model")) throw UsageError("give either a model or --shape", "");

  std::optional<ScratchCheckpoint> scratch;
  if (arguments.has("shape")) {
    scratch.emplace(shape(arguments.get("shape")), arguments.get("dtype"), arguments.get("keep"));
  }
  BenchPlan plan{
      .model = scratch ? scratch->folder().string() : config.text("model"),
      .label = scratch ? fmt::format("{} {}", arguments.get("shape"), arguments.get("dtype"))
                       : config.text("model"),
      .prompts = arguments.integers("n-prompt", 0),
      .generations = arguments.integers("n-gen", 0),
      .threads = arguments.integers("threads", 0),
      .repetitions = arguments.integer("repetitions", 1),
      .load = load_options(config),
      .compile = compile_options(config),
      .cancel = interrupt_token(),
  };
  write_stdout(format_report(measure(plan), form));
  return kExitOk;
}

}  // namespace tessera::cli
