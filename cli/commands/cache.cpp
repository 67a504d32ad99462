#include <fmt/format.h>

#include <boost/json.hpp>
#include <ctime>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "tessera/artefacts.hpp"
#include "tessera/plan.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

constexpr int64_t kSecondsOfDay = 24 * 60 * 60;

/// "2026-11-25 16:40", universal time.
std::string time_text(int64_t seconds) {
  const auto time = static_cast<std::time_t>(seconds);
  std::tm tm{};
  if (seconds == 0 || gmtime_r(&time, &tm) == nullptr) return "";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                     tm.tm_hour, tm.tm_min);
}

json::object artefact_json(const Artefact& artefact) {
  json::object key;
  for (const auto& [part, text] : artefact.key) key[part] = text;
  return {{"folder", artefact.folder},
          {"backend", artefact.backend},
          {"model", artefact.model},
          {"version", artefact.version},
          {"created", artefact.created},
          {"last_used", artefact.last_used},
          {"bytes", artefact.bytes},
          {"key", key},
          {"damage", artefact.damage.empty() ? json::value(nullptr) : json::value(artefact.damage)}};
}

/// The folder below that of the cache, which is the same in each line.
std::string short_folder(const Artefact& artefact, const std::string& dir) {
  return artefact.folder.substr(std::min(dir.size() + 1, artefact.folder.size()));
}

std::string dir_of(const Arguments& arguments) {
  std::string dir = artefact_dir(arguments.get("artefact-dir"));
  if (!dir.empty()) return dir;
  throw UsageError("nothing is kept: the folder of compiled programs is 'none'",
                   "name another by --artefact-dir or TESSERA_ARTEFACT_DIR");
}

int list(const std::string& dir, bool as_json) {
  const std::vector<Artefact> artefacts = list_artefacts(dir);
  json::array entries;
  std::string text;
  uint64_t bytes = 0;
  for (const Artefact& artefact : artefacts) {
    entries.push_back(artefact_json(artefact));
    bytes += artefact.bytes;
    text += fmt::format("{}\n  {:<10} {:.2f} MB\n  {:<10} {}\n  {:<10} {}\n  {:<10} {}\n",
                        short_folder(artefact, dir), artefact.backend,
                        static_cast<double>(artefact.bytes) / 1e6, "model", artefact.model, "made",
                        time_text(artefact.created), "last used", time_text(artefact.last_used));
    if (!artefact.damage.empty()) text += fmt::format("  {:<10} {}\n", "damaged", artefact.damage);
  }
  text += fmt::format("{} compiled programs, {:.2f} MB in {}\n", artefacts.size(),
                      static_cast<double>(bytes) / 1e6, dir);
  if (as_json) {
    write_json(json::object{{"dir", dir}, {"bytes", bytes}, {"artefacts", entries}});
  } else {
    write_stdout(text);
  }
  return kExitOk;
}

int verify(const std::string& dir, bool as_json) {
  json::array entries;
  std::string text;
  size_t damaged = 0;
  for (const Artefact& artefact : list_artefacts(dir, true, terminal_progress())) {
    entries.push_back(json::object{
        {"folder", artefact.folder},
        {"damage", artefact.damage.empty() ? json::value(nullptr) : json::value(artefact.damage)}});
    const bool sound = artefact.damage.empty();
    damaged += sound ? 0 : 1;
    text += fmt::format("{:<8} {}{}\n", sound ? "sound" : "damaged", short_folder(artefact, dir),
                        sound ? "" : ": " + artefact.damage);
  }
  const size_t all = entries.size();
  text += damaged == 0 ? fmt::format("{} compiled programs, all sound\n", all)
                       : fmt::format("{} of {} compiled programs are damaged\n", damaged, all);
  if (as_json) {
    write_json(json::object{{"dir", dir}, {"damaged", damaged}, {"artefacts", std::move(entries)}});
  } else {
    write_stdout(text);
  }
  if (damaged > 0) note("tessera cache prune --read-all removes what is damaged; compiling replaces it");
  return damaged == 0 ? kExitOk : kExitBadInput;
}

int prune(const std::string& dir, const Arguments& arguments, bool as_json) {
  PruneOptions options;
  options.all = arguments.has("all");
  options.read_all = arguments.has("read-all");
  if (arguments.has("unused-days"))
    options.unused_seconds = arguments.integer("unused-days", 0) * kSecondsOfDay;
  if (arguments.has("most-mb")) options.most_bytes = arguments.integer("most-mb", 0) * 1'000'000;
  options.progress = terminal_progress();
  const PruneResult result = prune_artefacts(dir, options);
  if (as_json) {
    write_json(json::object{{"dir", dir},
                            {"removed", to_json(result.removed)},
                            {"busy", to_json(result.busy)},
                            {"bytes", result.bytes}});
    return kExitOk;
  }
  std::string text;
  for (const std::string& folder : result.removed) text += fmt::format("removed {}\n", folder);
  for (const std::string& folder : result.busy) text += fmt::format("busy    {}\n", folder);
  text += fmt::format("{} folders removed, {:.2f} MB of compiled programs\n", result.removed.size(),
                      static_cast<double>(result.bytes) / 1e6);
  write_stdout(text);
  return kExitOk;
}

std::string text_of(const json::value& value) {
  return value.is_string() ? std::string(std::string_view(value.as_string())) : "";
}

/// Its lines under one another.
std::string indented(std::string text) {
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    text.insert(at + 1, 10, ' ');
  return text;
}

/// What the backend says of the cache, for people.
std::string why_text(const json::object& cache) {
  const std::string state = text_of(cache.at("state"));
  if (state == "off") return "off: nothing is kept\n";
  if (state == "unknown") return fmt::format("unknown: {}\n", text_of(cache.at("reason")));
  const std::string folder = text_of(cache.at("folder"));
  if (state == "hit") return fmt::format("hit: {}\n", folder);
  if (const json::value* damage = cache.if_contains("damage"))
    return fmt::format("miss: the program of this key is damaged: {}\n", text_of(*damage));
  if (folder.empty()) return "miss: no compiled program is kept\n";
  std::string text = fmt::format("miss: the nearest is {}\n", folder);
  for (const json::value& difference : cache.at("differs").as_array()) {
    text +=
        fmt::format("{} differs\n  kept    {}\n  wanted  {}\n", text_of(difference.at("part")),
                    indented(text_of(difference.at("stored"))), indented(text_of(difference.at("wanted"))));
  }
  return text;
}

int why(const Config& config, bool as_json) {
  const CompilePlan plan = compile_plan(model_of(config), load_options(config), compile_options(config));
  const json::value told = plan.json.empty() ? json::object() : json::parse(plan.json);
  const json::value* cache = told.as_object().if_contains("cache");
  if (cache == nullptr) {
    throw Error(ErrorCode::kNotSupported,
                fmt::format("backend '{}' keeps no compiled programs", plan.backend))
        .key("compile.backend")
        .remedy("--backend qaic does");
  }
  if (as_json) {
    write_json(*cache);
  } else {
    write_stdout(why_text(cache->as_object()));
  }
  return kExitOk;
}

}  // namespace

int run_cache(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("cache [ls | why RUN.yaml | verify | prune] [FLAGS]");
  arguments.add_flags(
      "Cache",
      {{"action", '\0', "WORD", "ls",
        "list compiled programs; why one would or would not be used; read all; remove some"},
       {"run-file", '\0', "FILE.yaml", "", "of why: run file; or -m MODEL with flags"},
       {"artefact-dir", '\0', "DIR", "", "the cache; default: TESSERA_ARTEFACT_DIR, else ~/.cache/tessera",
        false, false, true},
       {"all", '\0', "", "", "of prune: all programs"},
       {"read-all", '\0', "", "", "of prune: read all files to find damage"},
       {"unused-days", '\0', "N", "", "of prune: programs not used for N days"},
       {"most-mb", '\0', "N", "", "of prune: those least lately used, until the rest has N megabytes"}});
  arguments.add_positional("action");
  arguments.add_positional("run-file");
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const std::string action = arguments.get("action");
  Config& config = arguments.config();
  if (action == "why") {
    if (arguments.has("run-file")) load_yaml(arguments.get("run-file"), config);
    return why(config, config.boolean("output.json"));
  }
  if (arguments.has("run-file")) throw UsageError("a run file belongs to cache why", "");
  const bool as_json = config.boolean("output.json");
  if (action == "ls") return list(dir_of(arguments), as_json);
  if (action == "verify") return verify(dir_of(arguments), as_json);
  if (action == "prune") return prune(dir_of(arguments), arguments, as_json);
  throw UsageError(fmt::format("'{}' is none of ls, why, verify and prune", action), "");
}

}  // namespace tessera::cli
