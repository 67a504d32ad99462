#include "cli/command.hpp"
#include "cli/generation.hpp"

namespace tessera::cli {

int run_run(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("run FILE.yaml [FLAGS]     flags win over the file");
  arguments.add_flags("Run", {{"run-file", '\0', "FILE.yaml", "", "run file; also the first argument"}});
  arguments.add_positional("run-file");
  add_generation_settings(arguments);
  if (!parse_arguments(self, arguments, args)) return 0;
  if (!arguments.has("run-file")) throw UsageError("no run file given", "tessera run configs/generate.yaml");
  load_yaml(arguments.get("run-file"), arguments.config());
  return generate_and_print(arguments.config());
}

}  // namespace tessera::cli
