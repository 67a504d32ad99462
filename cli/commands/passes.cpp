#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {
namespace {

namespace json = boost::json;

json::object pass_json(const PassInfo& pass) {
  json::array options;
  for (const OptionInfo& o : pass.options) {
    options.push_back(
        json::object{{"name", o.name}, {"type", o.type}, {"default", o.default_text}, {"help", o.help}});
  }
  return {{"id", pass.id},
          {"version", pass.version},
          {"summary", pass.summary},
          {"plugin", pass.plugin},
          {"options", options}};
}

std::string pass_text(const PassInfo& pass) {
  std::string out = fmt::format("{:<18} {}  ({})\n", pass.id, pass.summary, pass.plugin);
  for (const OptionInfo& o : pass.options) {
    const std::string value = o.default_text.empty() ? "" : fmt::format(" [default {}]", o.default_text);
    out += fmt::format("    {}={:<14} {}{}\n", o.name, o.type, o.help, value);
  }
  return out;
}

}  // namespace

int run_passes(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("passes [PASS]");
  arguments.add_flags("Passes", {{"pass", '\0', "PASS", "", "only this one; also the first argument"}});
  arguments.add_positional("pass");
  arguments.add_settings("Plugins", {"plugin_paths"});
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  std::vector<PassInfo> passes = inspect_system(arguments.config().list("plugin_paths")).passes;
  if (arguments.has("pass")) {
    const std::string wanted = arguments.get("pass");
    std::vector<std::string> ids;
    for (const PassInfo& pass : passes) ids.push_back(pass.id);
    std::erase_if(passes, [&](const PassInfo& pass) { return pass.id != wanted; });
    if (passes.empty()) {
      throw Error(ErrorCode::kNotFound, fmt::format("there is no pass '{}'", wanted))
          .remedy(did_you_mean(wanted, ids));
    }
  }
  if (arguments.config().boolean("output.json")) {
    json::array array;
    for (const PassInfo& pass : passes) array.push_back(pass_json(pass));
    write_json(array);
  } else {
    for (const PassInfo& pass : passes) write_stdout(pass_text(pass));
  }
  return kExitOk;
}

}  // namespace tessera::cli
