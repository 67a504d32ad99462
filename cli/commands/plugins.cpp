#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

json::object plugin_json(const PluginInfo& p) {
  json::object object{
      {"path", p.path},
      {"id", p.id},
      {"version", p.version},
      {"licence", p.licence},
      {"abi", json::object{{"built", p.abi_built}, {"needed", p.abi_needed}, {"host", p.abi_host}}},
      {"architectures", to_json(p.architectures)},
      {"transforms", to_json(p.transforms)},
      {"backends", to_json(p.backends)},
      {"loaded", p.refusal.empty()},
      {"load_ms", p.load_ms}};
  if (!p.refusal.empty()) {
    object["refusal"] = p.refusal;
    object["remedy"] = p.remedy;
  }
  return object;
}

std::string plugin_text(const PluginInfo& p) {
  if (!p.refusal.empty()) {
    const std::string remedy = p.remedy.empty() ? "" : fmt::format("  try      {}\n", p.remedy);
    return fmt::format("refused  {}\n  reason   {}\n{}", p.path, p.refusal, remedy);
  }
  std::string out =
      fmt::format("{} {}  ({}, {:.2f} ms)\n  file     {}\n  abi      built for {}, needs {}, host {}\n", p.id,
                  p.version, p.licence, p.load_ms, p.path, p.abi_built, p.abi_needed, p.abi_host);
  const auto list = [&](const char* label, const std::vector<std::string>& ids) {
    if (!ids.empty()) out += fmt::format("  {:<8} {}\n", label, fmt::join(ids, ", "));
  };
  list("models", p.architectures);
  list("passes", p.transforms);
  list("backends", p.backends);
  return out;
}

}  // namespace

int run_plugins(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("plugins");
  arguments.add_settings("Plugins", {"plugin_paths"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const System system = inspect_system(arguments.config().list("plugin_paths"));
  if (arguments.config().boolean("output.json")) {
    json::array plugins;
    for (const PluginInfo& plugin : system.plugins) plugins.push_back(plugin_json(plugin));
    write_json(json::object{
        {"plugins", plugins}, {"folders", to_json(system.folders)}, {"load_ms", system.load_ms}});
    return kExitOk;
  }
  for (const PluginInfo& plugin : system.plugins) write_stdout(plugin_text(plugin));
  write_stdout(fmt::format("\n{} plugins in {:.1f} ms from {}\n", system.plugins.size(), system.load_ms,
                           fmt::join(system.folders, ", ")));
  return kExitOk;
}

}  // namespace tessera::cli
