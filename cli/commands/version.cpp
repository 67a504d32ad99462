#include <fmt/format.h>

#include <boost/json.hpp>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {

int run_version(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("version");
  arguments.add_settings("Output", {"output.json"});
  if (!parse_arguments(self, arguments, args)) return kExitOk;
  if (arguments.config().boolean("output.json")) {
    write_json(boost::json::object{{"tessera", version()}, {"abi", abi_version()}});
  } else {
    write_stdout(fmt::format("tessera {}\nplugin ABI {}\n", version(), abi_version()));
  }
  return kExitOk;
}

}  // namespace tessera::cli
