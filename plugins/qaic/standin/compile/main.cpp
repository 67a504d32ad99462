// A look-alike of qaic-compile for machines without the SDK: it takes the same command line and writes a
// container of the same format, whose program is the ONNX graph, for libQAicStandIn.so alone.
#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "compile.hpp"
#include "plugins/qaic/standin/script.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::qaic::standin {
namespace {

constexpr const char* kVersion = "qaic-compile (stand-in, no compiler of a card) " TESSERA_VERSION "\n";
constexpr const char* kUsage =
    "usage: qaic-compile -m=<model.onnx> -aic-hw -aic-binary-dir=<new folder> [-aic-num-cores=N]\n"
    "         [-convert-to-fp16] [-retained-state] [-network-specialization-config=<json>]\n"
    "         [-custom-IO-list-file=<yaml>] [-mdp-load-partition-config=<json>]\n"
    "other flags of the vendor's compiler are taken without effect, unknown ones refused\n";

void say(const std::string& line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

/// The failures that the script orders.
bool fail_by_script(const Script& script, int& exit_code) {
  std::this_thread::sleep_for(std::chrono::milliseconds(script.compile_sleep_ms));
  if (script.compile_crash) raise(SIGKILL);
  exit_code = script.compile_exit.value_or(1);
  if (script.compile_exit) fmt::print(stderr, "error: failed by order of the stand-in's script\n");
  return script.compile_silent || script.compile_exit;
}

int run(const std::vector<std::string>& args) {
  const CommandLine line = parse_command_line(args);
  if (line.help || line.version) {
    fmt::print("{}{}", kVersion, line.help ? kUsage : "");
    return 0;
  }
  const Script script = parse_script(script_text());
  say("stand-in: this is not the vendor's compiler");
  int exit_code = 0;
  if (fail_by_script(script, exit_code)) return exit_code;
  if (script.compile_no_output) return 0;
  compile(line, say);
  return 0;
}

}  // namespace
}  // namespace tessera::qaic::standin

int main(int argc, char** argv) {
  try {
    return tessera::qaic::standin::run(std::vector<std::string>(argv + 1, argv + argc));
  } catch (const tessera::Error& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    if (!error.file_name().empty()) fmt::print(stderr, "  in {}\n", error.file_name());
    if (!error.remedy_text().empty()) fmt::print(stderr, "  {}\n", error.remedy_text());
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
  }
  return 1;
}
