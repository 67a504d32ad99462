#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <cmath>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/verify.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// JSON has no infinity.
json::value number(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::object report_json(const TensorDifference& difference) {
  return {{"name", difference.name},
          {"max_abs", number(difference.max_abs)},
          {"mean_abs", number(difference.mean_abs)},
          {"range", number(difference.range)},
          {"relative", number(difference.relative())}};
}

std::string_view status_text(VerifyStatus status) {
  return status == VerifyStatus::kPassed ? "passed" : status == VerifyStatus::kFailed ? "failed" : "skipped";
}

json::object report_json(const VerifyStage& stage) {
  json::array tensors;
  for (const TensorDifference& difference : stage.tensors) tensors.push_back(report_json(difference));
  json::object object{{"name", stage.name},
                      {"pass", stage.pass},
                      {"status", status_text(stage.status)},
                      {"token_agreement", stage.token_agreement},
                      {"tensors", std::move(tensors)}};
  if (!stage.error.empty()) object["error"] = stage.error;
  return object;
}

json::value report_json(const std::optional<VerifyFinding>& finding) {
  if (!finding) return nullptr;
  return json::object{{"stage", finding->stage},
                      {"pass", finding->pass},
                      {"layer", report_json(finding->layer)},
                      {"node", finding->node},
                      {"op", finding->op},
                      {"provenance", finding->provenance},
                      {"value", report_json(finding->value)}};
}

json::object report_json(const VerifyReport& report) {
  json::array stages;
  for (const VerifyStage& stage : report.stages) stages.push_back(report_json(stage));
  return {{"model", report.folder},
          {"architecture", report.architecture},
          {"task", report.task},
          {"backend", report.backend},
          {"isa", report.isa},
          {"input_ids", to_json(report.input_ids)},
          {"tolerance", report.tolerance},
          {"passed", report.passed},
          {"first", report_json(report.finding)},
          {"stages", std::move(stages)},
          {"not_compared", to_json(report.not_compared)}};
}

std::string stage_line(const VerifyStage& stage) {
  std::string line = fmt::format("{:<24} {:<8}", stage.name, status_text(stage.status));
  if (!stage.error.empty()) return line + " " + stage.error + "\n";
  const auto worst = std::max_element(
      stage.tensors.begin(), stage.tensors.end(),
      [](const TensorDifference& a, const TensorDifference& b) { return a.relative() < b.relative(); });
  if (worst == stage.tensors.end()) return line + "\n";
  return line + fmt::format(" {:<10.2e} {:<12} {:<10.2e} {:<10.2e} {:.1f} %\n", worst->relative(),
                            worst->name, worst->max_abs, worst->mean_abs, 100 * stage.token_agreement);
}

std::string finding_text(const VerifyFinding& finding) {
  std::string text = fmt::format("first beyond tolerance: stage '{}'", finding.stage);
  text += finding.pass.empty() ? "\n" : fmt::format(", pass '{}'\n", finding.pass);
  if (finding.layer.name.empty()) return text;
  const auto line = [&](std::string_view label, std::string_view what, const TensorDifference& d) {
    text += fmt::format("  {:<6} {}: max error {:.3e} ({:.2e} of the range {:.3e}), mean {:.3e}\n", label,
                        what, d.max_abs, d.relative(), d.range, d.mean_abs);
  };
  line("layer", finding.layer.name, finding.layer);
  if (finding.node.empty()) return text;
  text += fmt::format("  node   {} ({}) {}\n", finding.node, finding.op, finding.provenance);
  line("value", finding.value.name, finding.value);
  return text;
}

std::string report_text(const VerifyReport& report) {
  std::string text = fmt::format(
      "{} ({}, {}), {} tokens, backend {}{}, tolerance {:.0e} of each tensor's range\n\n"
      "{:<24} {:<8} {:<10} {:<12} {:<10} {:<10} {}\n",
      report.folder, report.architecture, report.task, report.input_ids.size(), report.backend,
      report.isa.empty() ? "" : " " + report.isa, report.tolerance, "stage", "", "worst", "of", "max error",
      "mean error", "same token");
  for (const VerifyStage& stage : report.stages) text += stage_line(stage);
  if (!report.not_compared.empty()) {
    text += fmt::format("\nnot compared, the graph lacks them: {}\n", fmt::join(report.not_compared, ", "));
  }
  text += report.finding ? "\n" + finding_text(*report.finding) : "\nall stages agree with the reference\n";
  return text;
}

double tolerance_of(const Arguments& arguments) {
  if (!arguments.has("tolerance")) return 0;
  const std::string text = arguments.get("tolerance");
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size() || !(value > 0) || !std::isfinite(value)) {
    throw UsageError(fmt::format("--tolerance '{}' is no number above 0", text), "--tolerance 2e-5");
  }
  return value;
}

VerifyOptions verify_options(const Arguments& arguments, const Config& config) {
  VerifyOptions options;
  options.compile = compile_options(config);
  options.add_special_tokens = config.boolean("generate.add_special_tokens");
  options.tolerance = tolerance_of(arguments);
  options.golden = arguments.get("golden");
  options.cancel = interrupt_token();
  // Nothing is read from standard input: without a prompt the golden's ids serve, or fixed ones.
  if (config.has("generate.prompt") || config.has("generate.prompt_file") ||
      config.has("generate.input_ids")) {
    const std::vector<Prompt> prompts = prompts_of(config);
    if (prompts.size() != 1) throw UsageError("verify takes one prompt", "");
    options.prompt = prompts.front();
  }
  return options;
}

}  // namespace

int run_verify(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("verify MODEL [-p TEXT | -f FILE | --input-ids IDS] [--golden FILE]");
  arguments.add_positional("model");
  arguments.add_settings("Prompt", {"generate.prompt", "generate.prompt_file", "generate.input_ids",
                                    "generate.add_special_tokens"});
  arguments.add_flags(
      "Verification",
      {{"golden", '\0', "FILE", "", "safetensors file with what the reference must give, and its input_ids"},
       {"make-golden", '\0', "FILE", "", "write that file from the reference, verify nothing"},
       {"tolerance", '\0', "X", "", "largest error as a fraction of each tensor's range; default 2e-5"}});
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile.backend", "compile.num_threads", "compile.isa",
                                         "compile.passes", "compile.options"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const Config& config = arguments.config();
  const VerifyOptions options = verify_options(arguments, config);
  const bool as_json = config.boolean("output.json");

  if (arguments.has("make-golden")) {
    const std::string path = arguments.get("make-golden");
    const std::vector<std::string> names =
        write_golden(model_of(config), path, load_options(config), options);
    if (as_json) write_json(json::object{{"file", path}, {"tensors", to_json(names)}});
    if (!as_json) note(fmt::format("wrote {} tensors to {}", names.size(), path));
    return kExitOk;
  }
  const VerifyReport report = verify_model(model_of(config), load_options(config), options);
  if (as_json) {
    write_json(report_json(report));
  } else {
    write_stdout(report_text(report));
  }
  return report.passed ? kExitOk : kExitDeviates;
}

}  // namespace tessera::cli
