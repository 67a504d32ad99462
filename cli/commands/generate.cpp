#include "cli/command.hpp"
#include "cli/generation.hpp"

namespace tessera::cli {

int run_generate(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("generate MODEL [-p TEXT | -f FILE | --input-ids IDS]");
  arguments.add_positional("model");
  add_generation_settings(arguments);
  arguments.add_settings("Output", {"output.json", "output.stream"});
  if (!parse_arguments(self, arguments, args)) return 0;
  return generate_and_print(arguments.config());
}

}  // namespace tessera::cli
