#include <fmt/format.h>

#include <algorithm>
#include <new>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/interrupt.hpp"
#include "cli/output.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::cli {
namespace {

std::string overview() {
  std::string out =
      "Tessera runs Hugging Face transformers from C++: load a checkpoint, compile it for a device, execute "
      "it.\n\n"
      "usage: tessera COMMAND [ARGUMENTS]     tessera COMMAND --help\n\n";
  for (const Command& command : commands())
    out += fmt::format("  {:<13} {}\n", command.name, command.summary);
  return out;
}

int usage_error(std::string_view message, std::string_view remedy) {
  print_error(Error(ErrorCode::kInvalidArgument, std::string(message)).remedy(remedy));
  return kExitUsage;
}

int dispatch(const std::vector<std::string>& args) {
  if (args.empty() || args[0] == "--help" || args[0] == "-h" || args[0] == "help") {
    if (args.empty()) return usage_error("no command given", "tessera --help");
    write_stdout(overview());
    return kExitOk;
  }
  const std::string name = args[0] == "--version" ? "version" : args[0];
  const auto all = commands();
  const auto command = std::find_if(all.begin(), all.end(), [&](const Command& c) { return c.name == name; });
  if (command == all.end()) {
    std::vector<std::string_view> names;
    for (const Command& c : all) names.push_back(c.name);
    return usage_error(fmt::format("there is no command '{}'", name), did_you_mean(name, names));
  }
  const std::vector<std::string> rest(args.begin() + 1, args.end());
  try {
    return command->run(*command, rest);
  } catch (const UsageError& error) {
    const std::string remedy =
        error.remedy().empty() ? fmt::format("tessera {} --help", command->name) : error.remedy();
    return usage_error(error.what(), remedy);
  }
}

/// Everything but the process's own affairs; every failure becomes a message and an exit code here.
int run(const std::vector<std::string>& args) {
  try {
    return dispatch(args);
  } catch (const OutputClosed&) {
    note("stdout was closed by its reader");
    return kExitOutputClosed;
  } catch (const Error& error) {
    print_error(error);
    return exit_code(error);
  } catch (const std::bad_alloc&) {
    print_error(Error(ErrorCode::kOutOfMemory, "out of memory").remedy("a smaller --ctx-len needs less"));
    return kExitFailure;
  } catch (const std::exception& error) {
    print_error(Error(ErrorCode::kInternal, error.what()).remedy("this is a defect: please report it"));
    return kExitFailure;
  }
}

}  // namespace
}  // namespace tessera::cli

int main(int argc, char** argv) {
  tessera::cli::install_interrupt_handler();
  return tessera::cli::run(std::vector<std::string>(argv + 1, argv + argc));
}
