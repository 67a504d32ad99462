/// Running qaic-compile, or what stands in for it.
#pragma once

#include <string>
#include <vector>

#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"

namespace tessera::qaic {

/// Which compiler: the first that is there.
struct CompilerChoice {
  std::string compiler;    ///< option `compiler`: a program
  std::string sdk;         ///< folder that holds exec/qaic-compile
  bool sdk_given = false;  ///< the user named it: then it goes before PATH, so that compiler and driver agree
};

/// The option `compiler`; else QAIC_COMPILE; else a program of that name in PATH; else the SDK's. Throws
/// kNotFound that says where it looked.
std::string find_compiler(const CompilerChoice& choice);

/// The same for a command line that nobody runs here: where no compiler is found, the last place looked at.
std::string compiler_of_command(const CompilerChoice& choice);

/// What the compiler says of its version, one line; empty when it says nothing. Throws kNotFound, kIo when it
/// cannot be started.
std::string compiler_version(const std::string& compiler);

/// Runs a command line (compile_arguments) to its end; its lines are what `progress` reports. When that asks
/// to stop, the compiler and all that it started are ended, and kCancelled is thrown. `model` is what it
/// compiles: the node that a failure names is told with its layer, plugin and pass. Throws kNotSupported (it
/// refused, or left no `output`), kIo (killed, disk full) with the last lines of its text.
void run_compiler(const std::vector<std::string>& arguments, const std::string& output,
                  const graph::Model& model, const sdk::Progress& progress);

}  // namespace tessera::qaic
