/// Runs named passes one after the other, and checks the graph after each: a pass that breaks a graph is
/// named at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/graph/graph_checker.hpp"

namespace tessera::graph {

/// One entry of a list of passes, as YAML or a backend's default writes it.
struct PassRequest {
  std::string id;  ///< "kv-cache"
  std::vector<std::pair<std::string, std::string>> options;
};

/// Applies one pass to a serialized onnx.ModelProto: the registry of plugins implements it. Returns the new
/// model, or an empty string when the pass left it as it was. Throws Error.
using RunPass = std::function<std::string(const PassRequest& request, std::string_view model)>;

/// Told before each pass (`done` of `total` passes are through); false stops with kCancelled.
using PassProgress = std::function<bool(size_t done, size_t total, std::string_view pass)>;

struct PassManagerOptions {
  CheckOptions check = {};
  std::string architecture = "graph";   ///< names the first file in dump_dir
  std::filesystem::path dump_dir = {};  ///< not empty: the graph is saved there, see run_passes
  PassProgress progress = {};           ///< may be empty
};

/// What one pass did and cost; entry 0 is the graph as the architecture built it, under the architecture's
/// name.
struct PassReport {
  std::string id;
  bool changed = false;
  uint64_t nodes = 0;        ///< of the main graph, afterwards
  uint64_t model_bytes = 0;  ///< serialized, without external data
  double pass_ms = 0, check_ms = 0;
};

struct PassResult {
  std::string model;  ///< serialized onnx.ModelProto, checked
  std::vector<PassReport> reports;
};

/// Checks `model`, then applies `passes` in order and checks after each that changed something.
/// With a dump_dir (made if it is missing) the graph is saved before the first pass as
/// `00-<architecture>.onnx` and after pass N as `NN-<pass>.onnx`, each file complete or absent, also when the
/// check after it fails: what broke can be seen. Throws Error with the context "checking the graph after pass
/// 'slots' (3 of 4)" or "running pass 'slots' (3 of 4)"; kCancelled when progress says so; kIo when a file
/// cannot be written.
PassResult run_passes(std::string model, const std::vector<PassRequest>& passes, const RunPass& run,
                      const PassManagerOptions& options = {});

}  // namespace tessera::graph
