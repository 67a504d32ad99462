#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>

#include "cli/bench/measure.hpp"
#include "cli/bench/report.hpp"
#include "cli/bench/scratch_checkpoint.hpp"
#include "cli/bench/serve/serve_measure.hpp"
#include "cli/bench/tokenizer_measure.hpp"
#include "cli/command.hpp"
#include "cli/generation.hpp"
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

std::vector<Flag> serve_flags() {
  return {
      {"serve", '\0', "", "", "many clients on one engine, each for -p and -n"},
      {"concurrency", '\0', "N,N,...", "1,8,16", "closed loops: streams, each with one request at a time"},
      {"request-rate", '\0', "X,X,...", "", "open loops: requests a second that arrive (Poisson)"},
      {"requests", '\0', "N", "0", "requests of each load; 0: two a stream, or 32"},
      {"range-ratio", '\0', "X", "0", "mixed lengths: evenly from p (1 - X) to p (1 + X), and n likewise"},
      {"shared-prefix", '\0', "N", "0", "first tokens of the prompts that are the same in all"},
      {"long-prompt", '\0', "N", "0", "a prompt that comes while the streams decode; 0: none"},
      {"goodput", '\0', "ttft:MS,tpot:MS", "",
       "what a request must keep to be good: milliseconds to the first token, and for each after it"},
      {"load-seed", '\0', "N", "0", "of tokens, lengths and arrivals"}};
}

Arguments bench_arguments() {
  Arguments arguments("bench (MODEL | --shape NAME | --tokenizer MODEL --text FILE) [--serve]");
  arguments.add_positional("model");
  arguments.add_flags(
      "Bench",
      {{"n-prompt", 'p', "N,N,...", "512", "prompt lengths to process"},
       {"n-gen", 'n', "N,N,...", "64", "numbers of tokens to generate, each after an empty prompt"},
       {"threads", 't', "N,N,...", "0", "thread counts; 0: what affinity and cgroup quota allow"},
       {"repetitions", 'r', "N", "5", "runs of each measurement, after one that warms up"},
       {"output", 'o', "md|json|jsonl", "md", "form of the result"},
       {"shape", '\0', shape_names(), "", "random weights of this shape instead of a model"},
       {"dtype", '\0', "f32|f16|bf16", "f32", "weights of --shape"},
       {"force-text", '\0', "FILE", "",
        "text that the model is made to say, its second half behind its first: alone and with prompt lookup; "
        "without a tokenizer each word counts as a token"},
       {"keep", '\0', "DIR", "", "keep the checkpoint of --shape here, and use it if it is there"},
       {"tokenizer", '\0', "", "", "only MODEL's tokenizer: loading, and encoding on one core"},
       {"text", '\0', "FILE", "", "what --tokenizer encodes, in documents of 4,000 characters"}});
  arguments.add_flags("Serving", serve_flags());
  arguments.add_settings("Engine of --serve", {"engine"});
  add_sampling_settings(arguments);
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

double parse_number(std::string_view flag, std::string_view text, double most) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value >= 0 && value <= most)) {
    throw UsageError(fmt::format("--{}: '{}' is no number from 0 to {:g}", flag, text, most), "");
  }
  return value;
}

Goal parse_goal(const std::string& text) {
  Goal goal;
  for (const std::string& part : split_commas(text)) {
    const size_t colon = part.find(':');
    const std::string name = part.substr(0, colon);
    if (colon == std::string::npos || (name != "ttft" && name != "tpot")) {
      throw UsageError(fmt::format("--goodput: '{}' is no goal", part), "--goodput ttft:500,tpot:100");
    }
    (name == "ttft" ? goal.first_token_s : goal.inter_token_s) =
        parse_number("goodput", std::string_view(part).substr(colon + 1), 1e9) / 1e3;
  }
  return goal;
}

std::string bench_serving(const Arguments& arguments, const Config& config, std::string model,
                          std::string label, std::string_view form) {
  ServePlan plan{.model = std::move(model),
                 .label = std::move(label),
                 .threads = arguments.integers("threads", 0),
                 .prompts = arguments.integers("n-prompt", 1),
                 .generations = arguments.integers("n-gen", 1),
                 .streams = {},
                 .rates = {},
                 .requests = arguments.integer("requests", 0),
                 .range_ratio = parse_number("range-ratio", arguments.get("range-ratio"), 1),
                 .shared_prefix = arguments.integer("shared-prefix", 0),
                 .long_prompt = arguments.integer("long-prompt", 0),
                 .seed = static_cast<uint64_t>(arguments.integer("load-seed", 0)),
                 .goal = parse_goal(arguments.get("goodput")),
                 .config = config,
                 .load = load_options(config),
                 .compile = compile_options(config),
                 .cancel = interrupt_token()};
  for (const std::string& rate : split_commas(arguments.get("request-rate"))) {
    plan.rates.push_back(parse_number("request-rate", rate, 1e6));
    if (plan.rates.back() == 0) throw UsageError("--request-rate: 0 requests a second never arrive", "");
  }
  // Rates alone are a measurement, too.
  if (plan.rates.empty() || arguments.has("concurrency")) plan.streams = arguments.integers("concurrency", 1);
  return format_report(measure_serving(plan), form);
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
  for (const Flag& flag : serve_flags()) {
    if (!arguments.has("serve") && arguments.has(flag.name))
      throw UsageError(fmt::format("--{} goes with --serve", flag.name), "");
  }
  if (arguments.has("text")) throw UsageError("--text goes with --tokenizer", "");
  if (arguments.has("serve") && arguments.has("force-text"))
    throw UsageError("--force-text times one text, --serve many requests", "give one of them");
  if (arguments.has("shape") == config.has("model")) throw UsageError("give either a model or --shape", "");

  std::optional<ScratchCheckpoint> scratch;
  if (arguments.has("shape")) {
    scratch.emplace(shape(arguments.get("shape")), arguments.get("dtype"), arguments.get("keep"));
  }
  const std::string model = scratch ? scratch->folder().string() : config.text("model");
  const std::string label =
      scratch ? fmt::format("{} {}", arguments.get("shape"), arguments.get("dtype")) : model;
  if (arguments.has("serve")) {
    write_stdout(bench_serving(arguments, config, model, label, form));
    return kExitOk;
  }
  BenchPlan plan{
      .model = model,
      .label = label,
      .prompts = arguments.integers("n-prompt", 0),
      .generations = arguments.integers("n-gen", 0),
      .threads = arguments.integers("threads", 0),
      .repetitions = arguments.integer("repetitions", 1),
      .forced_text = arguments.has("force-text") ? read_input_file(arguments.get("force-text")) : "",
      .load = load_options(config),
      .compile = compile_options(config),
      .cancel = interrupt_token(),
  };
  write_stdout(format_report(measure(plan), form));
  return kExitOk;
}

}  // namespace tessera::cli
