/// The command line of qaic-compile, as far as it is known (single dash, `-flag` or `-flag=value`).
#pragma once

#include <string>
#include <vector>

namespace tessera::qaic::standin {

struct CommandLine {
  std::string model, binary_dir, hw_version = "ai100";
  std::string specializations, custom_io, mdp;  ///< files; empty: not given
  int num_cores = 1;
  bool aic_hw = false, fp16 = false, mxfp6_matmul = false, retained_state = false;
  bool help = false, version = false;
  std::vector<std::string> without_effect;  ///< known flags that the stand-in takes and does nothing for
};

/// Throws kInvalidArgument for a flag that is not known, one without its value, a value that is none, and
/// what is mandatory and missing (unless help or version is asked for).
CommandLine parse_command_line(const std::vector<std::string>& args);

}  // namespace tessera::qaic::standin
