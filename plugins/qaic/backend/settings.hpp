/// What a user asks of a compilation for the card: declared options, read once into plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/qaic/compiler/compiler.hpp"
#include "plugins/qaic/files/graph_passes.hpp"
#include "plugins/qaic/files/shapes.hpp"
#include "plugins/qaic/files/specializations.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/options.hpp"

namespace tessera::qaic {

/// Facts of a graph that decide what the options mean.
struct GraphFacts {
  std::string task;  ///< "causal-lm", "feature-extraction", ...
  int64_t max_positions = 0;
  bool bfloat16_weights = false;

  bool decoder() const { return task == "causal-lm"; }
};

GraphFacts facts_of(const graph::Model& model);

/// Names as in docs/qaic.md; lists are ascending where that matters.
struct Settings {
  DecoderShapes shapes;           ///< of a decoder
  std::vector<int64_t> seq_lens;  ///< of an encoder
  DecoderGraph decoder;           ///< how its graph differs from the plain one
  EncoderGraph encoder;
  int64_t num_cores = 16;             ///< of each device
  std::vector<int64_t> device_group;  ///< physical ids; empty: the runtime picks one
  int64_t num_devices = 1;            ///< over which the program is spread
  int64_t mdp_num_partitions = 1;     ///< groups of layers; 1: tensor slicing
  std::string partition_file;         ///< the user's MDP JSON; empty: made here
  std::string custom_io_file;         ///< the user's custom I/O list; empty: made here
  std::string hardware = "ai100";
  bool fp16 = true;  ///< arithmetic of the card; false: float32, for comparisons
  bool mxfp6_matmul = false;
  bool mxint8_kv_cache = false;
  SpecializationForm form = SpecializationForm::kFlat;
  std::string sdk;       ///< folder of the SDK, or of a stand-in for it
  std::string compiler;  ///< path of qaic-compile, or where it was looked for last
  /// What goes to the compiler as it is: options of ours without meaning here, then --compiler-options.
  std::vector<std::pair<std::string, std::string>> compiler_options;
  std::string compiler_given;  ///< the option alone
  bool sdk_given = false;      ///< the user named the folder
  std::string library;         ///< libQAic.so; empty: found at run time
  int64_t timeout_ms = 60000;  ///< of one run
  bool recover = false;        ///< after a lost device the next sequence loads the program again
  bool dry_run = false;
  std::string output_dir;
  std::string artefact_dir;  ///< of compiled programs; empty: the usual place, "none": nowhere

  CompilerChoice compiler_choice() const { return {compiler_given, sdk, sdk_given}; }
};

/// The options that the backend declares.
std::vector<sdk::OptionInfo> declared_options();

/// Throws kInvalidArgument naming the option for values and pairs that make no sense, kNotSupported by name
/// for what is not built: sub-functions, LoRA, turbo heads, QNN.
Settings read_settings(const sdk::Options& options, const GraphFacts& facts);

/// "-mos=1 -multicast-weights" -> {"mos", "1"}, {"multicast-weights", "true"}. Throws kInvalidArgument for a
/// word that is no option.
std::vector<std::pair<std::string, std::string>> parse_compiler_options(std::string_view text);

/// "0,1" or "[0,1]" or "0:1". Throws kInvalidArgument for what is no list of numbers, or names one twice.
std::vector<int64_t> parse_device_group(std::string_view text);

}  // namespace tessera::qaic
