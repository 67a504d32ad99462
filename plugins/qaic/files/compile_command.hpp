/// The command line of qaic-compile.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace tessera::qaic {

/// What a compilation is told beside the shapes. Paths are as the compiler shall see them; empty: left out.
struct CompileCommand {
  std::string compiler;            ///< path of qaic-compile
  std::string hardware = "ai100";  ///< -aic-hw-version
  std::string model;               ///< model.onnx
  std::string partitions;          ///< MDP JSON
  bool tensor_slicing = false;     ///< that file has one partition: it stands behind the options, not before
  bool retained_state = true;      ///< false for encoders
  bool fp16 = true;                ///< all arithmetic in float16
  bool mxfp6_matmul = false;
  int64_t num_cores = 16;
  std::string specializations;  ///< specializations.json
  std::string custom_io;        ///< custom_io.yaml
  std::string binary_dir;       ///< receives programqpc.bin; must not exist
  /// Options that pass through, in this order: {"mos", "1"} -> -mos=1, {"aic_enable_depth_first", "true"} ->
  /// -aic-enable-depth-first, a value "false" -> nothing. Names with dashes or underscores.
  std::vector<std::pair<std::string, std::string>> options;
};

/// Program and arguments, in the order in which Efficient Transformers writes them. Throws kInvalidArgument
/// naming the option for one that another field says already, and for a name that is no word.
std::vector<std::string> compile_arguments(const CompileCommand& command);

/// The arguments as a shell would take them, for people.
std::string command_text(const std::vector<std::string>& arguments);

}  // namespace tessera::qaic
