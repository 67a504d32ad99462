#include <fmt/format.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <thread>

#include "cli/bench/processor.hpp"
#include "cli/command.hpp"
#include "cli/device_list.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {

namespace json = boost::json;

namespace {

/// A machine without a card is healthy; one whose driver or device does not work is not.
void add_problems(const std::string& backend, const DeviceAnswer& answer, json::array& problems) {
  if (!answer.problem.empty())
    problems.push_back(json::object{
        {"backend", backend}, {"file", answer.file}, {"problem", answer.problem}, {"remedy", answer.remedy}});
  if (!answer.list) return;
  for (const DeviceInfo& device : answer.list->devices) {
    if (device.ready) continue;
    problems.push_back(
        json::object{{"backend", backend},
                     {"problem", fmt::format("device {} is not ready: {}", device.id, device.state)},
                     {"remedy", "wait until it has started, or restart it"}});
  }
}

}  // namespace

int run_doctor(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("doctor");
  arguments.add_settings("Plugins", {"plugin_paths"});
  arguments.add_settings("Devices", {"compile.backend", "compile.options"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const System system = inspect_system(arguments.config().list("plugin_paths"));

  bool late = false;
  json::array problems, backends;
  std::string text = fmt::format("tessera      {} (plugin ABI {})\nprocessor    {}, {} threads\n", version(),
                                 abi_version(), processor_name(), std::thread::hardware_concurrency());
  for (const BackendInfo& backend : system.backends) {
    json::object properties;
    text += fmt::format("backend      {}: {}\n", backend.id, backend.summary);
    for (const auto& [key, value] : backend.properties) {
      properties[key] = value;
      text += fmt::format("  {:<20} {}\n", key, value);
    }
    const DeviceAnswer answer = ask_for_devices(arguments.config(), backend.id);
    text += text_of(answer);
    late = late || answer.late;
    add_problems(backend.id, answer, problems);
    backends.push_back(
        json::object{{"id", backend.id}, {"properties", properties}, {"devices", json_of(answer)}});
  }
  text += fmt::format("plugins      {} found, loaded in {:.1f} ms\n", system.plugins.size(), system.load_ms);
  for (const PluginInfo& plugin : system.plugins) {
    if (plugin.refusal.empty()) continue;
    problems.push_back(
        json::object{{"file", plugin.path}, {"problem", plugin.refusal}, {"remedy", plugin.remedy}});
    text += fmt::format("problem      {}: {}\n  try        {}\n", plugin.path, plugin.refusal, plugin.remedy);
  }
  if (system.backends.empty()) {
    problems.push_back(json::object{{"problem", "no backend was found"}});
    text +=
        "problem      no backend was found\n  try        set TESSERA_PLUGIN_PATH to a folder with plugins\n";
  }
  if (problems.empty()) text += "no problem found\n";
  const bool healthy = problems.empty();
  if (arguments.config().boolean("output.json")) {
    write_json(json::object{{"version", version()},
                            {"abi", abi_version()},
                            {"processor", processor_name()},
                            {"threads", std::thread::hardware_concurrency()},
                            {"backends", backends},
                            {"plugins", system.plugins.size()},
                            {"problems", std::move(problems)}});
  } else {
    write_stdout(text);
  }
  if (late) std::_Exit(kExitFailure);
  return healthy ? kExitOk : kExitFailure;
}

}  // namespace tessera::cli
