#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/generation.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/run/batch_run.hpp"
#include "cli/run/kept_output.hpp"
#include "cli/run/result_difference.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// Of the tokens at each place, where the run does not say.
constexpr const char* kLogprobs = "8";

/// One backend's run.
struct Side {
  std::string name;  ///< "qaic (stand-in)"
  bool stand_in = false;
  double compile_ms = 0;
  std::vector<json::object> lines;
  RunSummary summary;
  double mean_ttft_s = 0;  ///< of the requests that have a result

  double tokens_per_s() const {
    return static_cast<double>(summary.tokens) / std::max(summary.seconds, 1e-9);
  }
};

const BackendInfo& find_backend(const System& system, const std::string& id) {
  for (const BackendInfo& backend : system.backends) {
    if (backend.id == id) return backend;
  }
  std::string known;
  for (const BackendInfo& backend : system.backends) known += (known.empty() ? "" : ", ") + backend.id;
  throw UsageError(fmt::format("there is no backend '{}'", id), "there are " + known);
}

bool declares(const BackendInfo& backend, std::string name) {
  std::replace(name.begin(), name.end(), '_', '-');
  return std::any_of(backend.options.begin(), backend.options.end(),
                     [&](const OptionInfo& option) { return option.name == name; });
}

/// The run's settings for `backend`. Passes are those of the run's own backend; an option that only the other
/// one knows is the other one's; a section of the run file always goes to its own.
CompileOptions options_for(const Config& config, const BackendInfo& backend, const BackendInfo& other) {
  Config own = config;
  const Origin origin{OriginKind::kRequest, "--backends"};
  own.set("compile.backend", {backend.id}, origin);
  if (!declares(backend, "isa")) own.set("compile.isa", {""}, origin);
  if (!declares(backend, "threads")) own.set("compile.num_threads", {"0"}, origin);
  CompileOptions options = compile_options(own);
  if (backend.id != config.text("compile.backend")) options.passes.clear();
  std::erase_if(options.backend_options, [&](const auto& option) {
    return !declares(backend, option.first) && declares(other, option.first);
  });
  return options;
}

Side run_side(const Config& config, const BackendInfo& backend, const CompileOptions& options,
              const std::vector<RawRequest>& requests) {
  AutoModelForCausalLM model = AutoModelForCausalLM::from_pretrained(model_of(config), load_options(config));
  model.compile(options);
  model.set_engine(engine_settings(config));
  Side side;
  side.stand_in = model.compile_info().stand_in;
  side.name = backend.id + (side.stand_in ? " (stand-in)" : "");
  side.compile_ms = model.compile_info().compile_ms;
  KeptOutput output(requests.size());
  side.summary = run_requests(config, model, requests, output);
  side.lines = std::move(output.lines);
  double sum = 0, count = 0;
  for (const json::object& line : side.lines) {
    const json::value* ttft = line.at("metrics").as_object().if_contains("ttft_s");
    if (ttft == nullptr) continue;
    sum += ttft->to_number<double>();
    ++count;
  }
  side.mean_ttft_s = count > 0 ? sum / count : 0;
  return side;
}

json::object report_json(const Side& side) {
  return {{"backend", side.name},
          {"stand_in", side.stand_in},
          {"compile_ms", side.compile_ms},
          {"failed", side.summary.failed},
          {"tokens", side.summary.tokens},
          {"seconds", side.summary.seconds},
          {"mean_ttft_s", side.mean_ttft_s},
          {"tokens_per_s", side.tokens_per_s()}};
}

json::value optional_json(const auto& value) {
  return value ? json::value(*value) : json::value(nullptr);
}

json::object report_json(size_t index, const json::value& id, const ResultDifference& d) {
  json::object object{{"index", index}, {"id", id}, {"equal", d.equal()}};
  if (!d.error_a.empty() || !d.error_b.empty()) {
    object["errors"] = json::array{d.error_a, d.error_b};
    return object;
  }
  object["tokens"] = json::array{d.tokens_a, d.tokens_b};
  object["token_agreement"] = d.agreement;
  object["first"] = optional_json(d.first);
  if (d.first) {
    object["first_tokens"] = json::array{d.token_a, d.token_b};
    object["margin"] = optional_json(d.margin_a);
  }
  if (d.compared > 0) {
    object["logprob_distance"] =
        json::object{{"largest", d.largest_distance}, {"mean", d.mean_distance}, {"compared", d.compared}};
  }
  return object;
}

std::string line_of(size_t index, const ResultDifference& d) {
  std::string text = fmt::format("request {:<4} ", index);
  if (!d.error_a.empty() || !d.error_b.empty())
    return text + fmt::format("failed: {}\n", d.error_a.empty() ? d.error_b : d.error_a);
  if (!d.first) {
    text += fmt::format("equal, {} tokens", d.tokens_a);
  } else {
    const auto name = [](int64_t token) {
      return token < 0 ? std::string("its end") : std::to_string(token);
    };
    text += fmt::format("differs first at token {} of {}: {} and {}", *d.first,
                        std::max(d.tokens_a, d.tokens_b), name(d.token_a), name(d.token_b));
    if (d.margin_a) text += fmt::format(", {:.1e} apart in log-probability", *d.margin_a);
    text += fmt::format("; {:.1f} % same tokens", 100 * d.agreement);
  }
  if (d.compared > 0)
    text += fmt::format("; log-probabilities at most {:.1e} apart, {:.1e} in the mean", d.largest_distance,
                        d.mean_distance);
  return text + "\n";
}

std::string table_of(const Side& a, const Side& b) {
  std::string text = fmt::format("\n{:<22} {:>18} {:>18}\n", "", a.name, b.name);
  const auto row = [&](std::string_view what, double of_a, double of_b) {
    text += fmt::format("{:<22} {:>18.2f} {:>18.2f}\n", what, of_a, of_b);
  };
  row("compiled in, ms", a.compile_ms, b.compile_ms);
  row("first token after, ms", 1e3 * a.mean_ttft_s, 1e3 * b.mean_ttft_s);
  row("tokens/s", a.tokens_per_s(), b.tokens_per_s());
  if (a.stand_in || b.stand_in) text += "no card computed: the stand-in's times mean nothing\n";
  return text;
}

int report(const Side& a, const Side& b, bool as_json) {
  json::array requests;
  std::string text;
  size_t equal = 0;
  for (size_t i = 0; i < a.lines.size(); ++i) {
    const ResultDifference difference = difference_of(a.lines[i], b.lines[i]);
    equal += difference.equal() ? 1 : 0;
    requests.push_back(report_json(i, a.lines[i].at("id"), difference));
    text += line_of(i, difference);
  }
  if (as_json) {
    write_json(json::object{{"equal", equal},
                            {"compared", a.lines.size()},
                            {"backends", json::array{report_json(a), report_json(b)}},
                            {"requests", std::move(requests)}});
  } else {
    write_stdout(text + fmt::format("{} of {} requests are equal\n", equal, a.lines.size()) + table_of(a, b));
  }
  return equal == a.lines.size() ? kExitOk : kExitDeviates;
}

/// What both have to share: noise, and probabilities to compare.
void add_defaults(Config& config) {
  const Origin origin{OriginKind::kFlag, "diff"};
  if (!config.has("generate.seed")) config.set("generate.seed", {"0"}, origin);
  if (config.integer("generate.logprobs") < 0) config.set("generate.logprobs", {kLogprobs}, origin);
}

}  // namespace

int run_diff(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments(
      "diff [FILE.yaml] --backends A,B [--requests IN.jsonl] [FLAGS]     flags win over the file");
  arguments.add_flags("Comparison",
                      {{"run-file", '\0', "FILE.yaml", "", "run file; also the first argument"},
                       {"backends", '\0', "A,B", "cpu,qaic", "the two; A is what B is held to"}});
  arguments.add_settings("Comparison", {"requests_file", "request_timeout"});
  arguments.add_positional("run-file");
  add_generation_settings(arguments);
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  Config& config = arguments.config();
  if (arguments.has("run-file")) load_yaml(arguments.get("run-file"), config);
  const std::vector<std::string> ids = split_commas(arguments.get("backends"));
  if (ids.size() != 2 || ids[0].empty() || ids[1].empty())
    throw UsageError("--backends takes two, with a comma between", "--backends cpu,qaic");
  const System system = inspect_system(config.list("plugin_paths"));
  const BackendInfo &first = find_backend(system, ids[0]), &second = find_backend(system, ids[1]);
  const bool as_json = config.boolean("output.json");
  add_defaults(config);
  const std::vector<RawRequest> requests = read_requests(config);
  const Side a = run_side(config, first, options_for(config, first, second), requests);
  const Side b = run_side(config, second, options_for(config, second, first), requests);
  return report(a, b, as_json);
}

}  // namespace tessera::cli
