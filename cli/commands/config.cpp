#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"

namespace tessera::cli {

int run_config(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("config [show | schema] [RUN.yaml] [FLAGS]");
  arguments.add_flags("Config",
                      {{"action", '\0', "WORD", "show", "show the values, or print the JSON Schema"},
                       {"run-file", '\0', "FILE.yaml", "", "run file to read"},
                       {"origin", '\0', "", "", "say where each value comes from"}});
  arguments.add_positional("action");
  arguments.add_positional("run-file");
  arguments.add_settings("Settings", {"model", "plugin_paths", "task", "requests_file", "request_timeout",
                                      "compile", "generate", "output"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  const std::string action = arguments.get("action");
  if (action == "schema") {
    write_stdout(run_schema());
    return kExitOk;
  }
  if (action != "show") throw UsageError(fmt::format("'{}' is neither show nor schema", action), "");
  Config& config = arguments.config();
  if (arguments.has("run-file")) load_yaml(arguments.get("run-file"), config);
  boost::json::object object;
  std::string text;
  for (const Setting& setting : settings()) {
    const std::vector<std::string> values = config.list(setting.key);
    const std::string origin = to_string(config.origin(setting.key));
    object[setting.key] = boost::json::object{{"value", to_json(values)}, {"origin", origin}};
    text += fmt::format("{:<30} {}", setting.key, fmt::join(values, ", "));
    if (arguments.has("origin")) text += fmt::format("{:>4}({})", "", origin);
    text += '\n';
  }
  if (config.boolean("output.json")) {
    write_json(object);
  } else {
    write_stdout(text);
  }
  return kExitOk;
}

}  // namespace tessera::cli
