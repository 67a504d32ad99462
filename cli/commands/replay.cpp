#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/run/batch_run.hpp"
#include "cli/run/kept_output.hpp"
#include "cli/run/receipt.hpp"
#include "core/json/json.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// Its end depended on the clock.
bool is_timed(const json::object& result) {
  const json::value& reason = result.at("finish_reason");
  return reason == "timeout" || reason == "cancelled";
}

bool is_error(const json::object& result) {
  return result.at("finish_reason") == "error";
}

/// The request with what was drawn for it. One that the clock ended runs to as many tokens; one that failed
/// has none to compare and stays as it was.
RawRequest request_again(const RawRequest& raw, const json::object& result) {
  if (is_error(result)) return raw;
  json::object request = parse_json_object(raw.text, raw.where);
  if (const json::value* seed = result.if_contains("seed")) request["seed"] = *seed;
  if (is_timed(result)) {
    request.erase("max_new_tokens");
    request["max_tokens"] = result.at("tokens").as_array().size();
  }
  request["timeout"] = 0;
  return {json::serialize(request), raw.where};
}

/// "", or what differs first.
std::string difference(const json::object& then, const json::object& now) {
  const json::array &a = then.at("tokens").as_array(), &b = now.at("tokens").as_array();
  const auto place = std::mismatch(a.begin(), a.end(), b.begin(), b.end()).first - a.begin();
  if (a != b) return fmt::format("token {} of {}", place, a.size());
  if (is_timed(then)) return "";
  for (const char* name : {"text", "finish_reason"}) {
    if (then.at(name) != now.at(name)) return name;
  }
  return "";
}

void check_model(const Receipt& receipt, const std::string& folder) {
  const Digests files = model_digests(folder);
  for (const auto& [name, digest] : receipt.files) {
    const auto same = std::find(files.begin(), files.end(), std::pair(name, digest));
    if (same != files.end()) continue;
    throw Error(ErrorCode::kInvalidArgument, fmt::format("'{}' is not what the receipt was made with", name))
        .file(folder)
        .remedy("give the model of the receipt with -m");
  }
}

void check_tier(const Receipt& receipt, const Config& config) {
  if (receipt.tier.empty()) return;
  const std::vector<std::string> tiers = available_tiers(config, receipt.backend);
  if (std::find(tiers.begin(), tiers.end(), receipt.tier) != tiers.end()) return;
  throw Error(ErrorCode::kNotSupported,
              fmt::format("the receipt was made on the tier '{}' of the backend '{}', this machine has {}",
                          receipt.tier, receipt.backend, fmt::join(tiers, ", ")))
      .key("compile.isa")
      .remedy("replay it on a machine with that tier");
}

void note_plugins(const Receipt& receipt, const Config& config) {
  const Digests plugins = plugin_digests(config);
  for (const auto& [name, digest] : receipt.plugins) {
    if (std::find(plugins.begin(), plugins.end(), std::pair(name, digest)) == plugins.end())
      note(fmt::format("warning: plugin {} is not the file that the receipt was made with", name));
  }
}

int compare(const Receipt& receipt, const std::vector<json::object>& now, bool as_json) {
  json::array differing;
  uint64_t compared = 0;
  for (size_t i = 0; i < now.size(); ++i) {
    if (is_error(receipt.results[i])) continue;
    ++compared;
    const std::string what = is_error(now[i]) ? std::string(std::string_view(now[i].at("error").as_string()))
                                              : difference(receipt.results[i], now[i]);
    if (what.empty()) continue;
    differing.push_back(json::object{{"index", i}, {"id", now[i].at("id")}, {"first", what}});
    if (!as_json) write_stdout(fmt::format("request {} differs: {}\n", i, what));
  }
  const size_t equal = compared - differing.size();
  const bool passed = differing.empty() || !receipt.bits_promised;
  if (as_json) {
    write_json(json::object{{"passed", passed},
                            {"promised", receipt.bits_promised},
                            {"compared", compared},
                            {"equal", equal},
                            {"skipped", now.size() - compared},
                            {"differing", differing}});
  } else {
    write_stdout(
        fmt::format("{} of {} requests are equal, {} failed then\n", equal, compared, now.size() - compared));
    if (!receipt.bits_promised)
      write_stdout("this backend promises no equal bits: a difference is no failure\n");
  }
  return passed ? kExitOk : kExitDeviates;
}

}  // namespace

int run_replay(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("replay RECEIPT.json [-m MODEL]");
  arguments.add_flags("Replay", {{"receipt-file", '\0', "FILE", "", "receipt; also the first argument"}});
  arguments.add_positional("receipt-file");
  arguments.add_settings("Model", {"model", "plugin_paths"});
  arguments.add_settings("Compilation", {"compile.num_threads", "compile.options"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  if (!arguments.has("receipt-file")) throw UsageError("no receipt given", "tessera replay RECEIPT.json");
  const Config& flags = arguments.config();
  const Receipt receipt = read_receipt(arguments.get("receipt-file"));

  Config config = receipt.config;
  const Origin origin{OriginKind::kFlag, "replay"};
  config.set("model", {flags.has("model") ? flags.text("model") : receipt.folder}, origin);
  config.set("plugin_paths", flags.list("plugin_paths"), origin);
  config.set("compile.num_threads", flags.list("compile.num_threads"), origin);
  config.set("compile.options", flags.list("compile.options"), origin);
  config.set("compile.backend", {receipt.backend}, origin);
  config.set("compile.isa", receipt.tier.empty() ? std::vector<std::string>() : std::vector{receipt.tier},
             origin);
  check_tier(receipt, config);
  AutoModelForCausalLM model =
      AutoModelForCausalLM::from_pretrained(config.text("model"), load_options(config));
  check_model(receipt, model.info().folder);
  note_plugins(receipt, config);
  model.compile(compile_options(config));
  model.set_engine(engine_settings(config));

  std::vector<RawRequest> requests;
  for (size_t i = 0; i < receipt.requests.size(); ++i)
    requests.push_back(request_again(receipt.requests[i], receipt.results[i]));
  KeptOutput output(requests.size());
  run_requests(config, model, requests, output);
  return compare(receipt, output.lines, flags.boolean("output.json"));
}

}  // namespace tessera::cli
