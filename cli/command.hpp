/// The commands of `tessera`, one file each in cli/commands/.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.hpp"

namespace tessera::cli {

struct Command {
  std::string_view name;
  std::string_view summary;  ///< one line, lower case, no full stop
  int (*run)(const Command& self, const std::vector<std::string>& args);
};

/// In the order of the help.
std::span<const Command> commands();

/// Adds --help, --verbose, --quiet (and --json unless it is there), parses, applies them.
/// Returns false when help was asked for and printed.
bool parse_arguments(const Command& command, Arguments& arguments, const std::vector<std::string>& args);

int run_bench(const Command&, const std::vector<std::string>& args);
int run_cache(const Command&, const std::vector<std::string>& args);
int run_chat(const Command&, const std::vector<std::string>& args);
int run_chat_template(const Command&, const std::vector<std::string>& args);
int run_classify(const Command&, const std::vector<std::string>& args);
int run_compile(const Command&, const std::vector<std::string>& args);
int run_config(const Command&, const std::vector<std::string>& args);
int run_detokenize(const Command&, const std::vector<std::string>& args);
int run_diff(const Command&, const std::vector<std::string>& args);
int run_doctor(const Command&, const std::vector<std::string>& args);
int run_embed(const Command&, const std::vector<std::string>& args);
int run_fill_mask(const Command&, const std::vector<std::string>& args);
int run_generate(const Command&, const std::vector<std::string>& args);
int run_inspect(const Command&, const std::vector<std::string>& args);
int run_logits(const Command&, const std::vector<std::string>& args);
int run_onnx_run(const Command&, const std::vector<std::string>& args);
int run_passes(const Command&, const std::vector<std::string>& args);
int run_plan(const Command&, const std::vector<std::string>& args);
int run_plugins(const Command&, const std::vector<std::string>& args);
int run_replay(const Command&, const std::vector<std::string>& args);
int run_run(const Command&, const std::vector<std::string>& args);
int run_tokenize(const Command&, const std::vector<std::string>& args);
int run_verify(const Command&, const std::vector<std::string>& args);
int run_version(const Command&, const std::vector<std::string>& args);

}  // namespace tessera::cli
