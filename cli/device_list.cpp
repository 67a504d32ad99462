#include "cli/device_list.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/output.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kPatience(10);

std::string line_of(const DeviceInfo& device) {
  std::string line = fmt::format("  device {:<4} {}", device.id, device.state);
  for (const auto& [name, value] : device.facts) line += fmt::format("; {} {}", name, value);
  return line + "\n";
}

json::object json_of(const DeviceInfo& device) {
  json::object facts;
  for (const auto& [name, value] : device.facts) facts[name] = value;
  return {{"id", device.id}, {"ready", device.ready}, {"state", device.state}, {"facts", std::move(facts)}};
}

/// The options of the command for `backend`, whose own section of the run file counts.
CompileOptions options_for(const Config& config, const std::string& backend) {
  CompileOptions options;
  options.backend = backend;
  if (config.text("compile.backend") == backend) options.backend_options = config.options("compile.options");
  add_backend_section(config, options);
  return options;
}

}  // namespace

void add_device_list_flag(Arguments& arguments) {
  arguments.add_flags("General",
                      {{"list-devices", '\0', "", "",
                        "list the devices of --backend, or of all backends, and do nothing else"}});
}

void print_device_list(Arguments& arguments) {
  Config& config = arguments.config();
  if (arguments.knows("run-file") && arguments.has("run-file")) load_yaml(arguments.get("run-file"), config);
  const std::string chosen = config.text("compile.backend");
  const bool named = config.origin("compile.backend").kind != OriginKind::kDefault;
  json::array all;
  std::string text;
  bool late = false;
  for (const BackendInfo& backend : inspect_system(config.list("plugin_paths")).backends) {
    if (named && backend.id != chosen) continue;
    const DeviceAnswer answer = ask_for_devices(config, backend.id);
    json::object object = json_of(answer);
    object["backend"] = backend.id;
    all.push_back(std::move(object));
    text += fmt::format("backend {}\n{}", backend.id, text_of(answer));
    late = late || answer.late;
  }
  if (all.empty())
    throw Error(ErrorCode::kNotFound, fmt::format("there is no backend '{}'", chosen)).key("compile.backend");
  if (arguments.knows("json") && config.boolean("output.json")) {
    write_json(all);
  } else {
    write_stdout(text);
  }
  if (late) std::_Exit(kExitFailure);
}

DeviceAnswer ask_for_devices(const Config& config, const std::string& backend) {
  std::packaged_task<std::optional<DeviceList>()> task(
      [options = options_for(config, backend), paths = config.list("plugin_paths")] {
        return list_devices(options, paths);
      });
  std::future<std::optional<DeviceList>> answer = task.get_future();
  std::thread asking(std::move(task));
  if (answer.wait_for(kPatience) != std::future_status::ready) {
    asking.detach();
    return {std::nullopt, "", fmt::format("the driver has not answered for {} seconds", kPatience.count()),
            "look for the device's state in the kernel's log; restart it or the machine", true};
  }
  asking.join();
  try {
    return {answer.get()};
  } catch (const Error& error) {
    return {std::nullopt, error.file_name(), error.message(), error.remedy_text()};
  }
}

std::string text_of(const DeviceAnswer& answer) {
  if (!answer.problem.empty()) {
    std::string text = fmt::format("  problem     {}\n", answer.problem);
    if (!answer.file.empty()) text += fmt::format("    in        {}\n", answer.file);
    if (!answer.remedy.empty()) text += fmt::format("    try       {}\n", answer.remedy);
    return text;
  }
  if (!answer.list)
    return fmt::format("  this machine's processors, {} threads\n", std::thread::hardware_concurrency());
  std::string text;
  if (!answer.list->driver.empty()) text += fmt::format("  driver      {}\n", answer.list->driver);
  for (const DeviceInfo& device : answer.list->devices) text += line_of(device);
  if (!answer.list->note.empty()) text += fmt::format("  no device   {}\n", answer.list->note);
  if (!answer.list->remedy.empty()) text += fmt::format("    try       {}\n", answer.list->remedy);
  return text;
}

json::object json_of(const DeviceAnswer& answer) {
  if (!answer.problem.empty())
    return {{"problem", answer.problem}, {"file", answer.file}, {"remedy", answer.remedy}};
  if (!answer.list) return {{"devices", nullptr}};
  json::array devices;
  for (const DeviceInfo& device : answer.list->devices) devices.push_back(json_of(device));
  return {{"driver", answer.list->driver},
          {"stand_in", answer.list->stand_in},
          {"note", answer.list->note},
          {"remedy", answer.list->remedy},
          {"devices", std::move(devices)}};
}

}  // namespace tessera::cli
