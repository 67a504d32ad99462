#include "cli/command.hpp"
#include "cli/generation.hpp"

namespace tessera::cli {

int run_generate(const Command& self, const std::vector<std::string>& args) {
  Arguments arguments("generate MODEL [-p TEXT | -f FILE | --input-ids IDS]");
  arguments.add_positional("model");
  arguments.add_settings("Prompt", {"generate.prompt", "generate.prompt_file", "generate.input_ids",
                                    "generate.add_special_tokens"});
  arguments.add_settings("Generation", {"generate.max_new_tokens", "generate.stop", "generate.stop_token_ids",
                                        "generate.ignore_eos", "generate.temperature"});
  arguments.add_settings("Model", {"model", "plugin_paths", "task"});
  arguments.add_settings("Compilation", {"compile"});
  arguments.add_settings("Output", {"output"});
  if (!parse_arguments(self, arguments, args)) return 0;
  return generate_and_print(arguments.config());
}

}  // namespace tessera::cli
