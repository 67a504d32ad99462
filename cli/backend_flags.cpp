#include "cli/backend_flags.hpp"

#include <fmt/format.h>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {
namespace {

Flag flag_of(const OptionInfo& option) {
  Flag flag;
  flag.name = option.name;
  flag.metavar = option.type == "bool" ? "true|false" : option.type == "int" ? "N" : "TEXT";
  flag.value_optional = option.type == "bool";
  flag.default_text = option.default_text;
  flag.help = option.help;
  flag.backend_option = true;
  return flag;
}

}  // namespace

std::string peek_flag(const std::vector<std::string>& args, const std::string& flag) {
  std::string value;
  for (size_t i = 0; i < args.size() && args[i] != "--"; ++i) {
    if (args[i] == flag && i + 1 < args.size()) value = args[i + 1];
    if (args[i].starts_with(flag + "=")) value = args[i].substr(flag.size() + 1);
  }
  return value;
}

void add_backend_flags(Arguments& arguments, const std::string& backend,
                       const std::vector<std::string>& plugin_paths) {
  const System system = inspect_system(plugin_paths);
  std::vector<std::string> names;
  for (const BackendInfo& info : system.backends) {
    names.push_back(info.id);
    if (info.id != backend) continue;
    std::vector<Flag> flags;
    for (const OptionInfo& option : info.options) {
      if (!arguments.knows(option.name)) flags.push_back(flag_of(option));
    }
    arguments.add_flags(fmt::format("Backend {}", backend), std::move(flags));
    return;
  }
  throw Error(ErrorCode::kNotFound, fmt::format("there is no backend '{}'", backend))
      .key("compile.backend")
      .remedy(did_you_mean(backend, names));
}

}  // namespace tessera::cli
