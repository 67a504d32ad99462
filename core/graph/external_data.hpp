/// Exports a graph together with its weights into a folder that other programs can open, ONNX Runtime say,
/// which refuses external data whose real path leaves the model's folder. So a folder never has symbolic
/// links.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::graph {

enum class WeightsMode {
  kLink,  ///< hard links; a copy of each file that cannot be linked (another file system, links refused)
  kCopy,  ///< copies
};

/// "link" or "copy"; throws kInvalidArgument for another word, with the nearest.
WeightsMode parse_weights_mode(std::string_view text);

/// What became of one file of weights.
struct ExportedWeights {
  std::string location;     ///< relative to the folder, as in the graph
  uint64_t bytes = 0;       ///< of the file
  bool linked = false;      ///< true: a hard link, no room taken; false: a copy
  bool made = false;        ///< true: a new file, of weights that weight nodes change, or split-tensors moved
  std::string copy_reason;  ///< why a link was asked for but not made: "Invalid cross-device link"
};

struct ExportReport {
  std::filesystem::path model_file;  ///< <folder>/model.onnx
  std::vector<ExportedWeights> weights;
};

/// The file behind a location, all links resolved. Throws kNotFound.
using RealPath = std::function<std::filesystem::path(const std::string& location)>;

/// Real files of locations relative to `base_dir`: those of a hub cache are links into its blobs.
RealPath real_paths_in(const std::filesystem::path& base_dir);

/// Told while files are copied, in bytes; false stops with kCancelled.
using ExportProgress = std::function<bool(uint64_t done, uint64_t total)>;

/// A small file that belongs into the folder, too.
struct ExportedText {
  std::string name;  ///< relative to the folder
  std::string text;
};

/// Writes `model` (a serialized onnx.ModelProto) as <folder>/model.onnx, the files of weights that it refers
/// to at their locations beside it, and `texts`. Weight nodes (tessera/sdk/weight_nodes.hpp) are evaluated on
/// the way, streamed: what they make lies in model_0.onnx.data and further such files, and the nodes are
/// gone. The folder appears complete or not at all: everything is
/// made in a temporary folder beside it, which is renamed. Missing parents are made. Throws kInvalidArgument
/// when the folder exists and is not empty or a location is bad; kOutOfMemory when the disk is full; kIo;
/// kCancelled. Then nothing is left behind.
ExportReport export_model(std::string_view model, const std::filesystem::path& folder,
                          const RealPath& real_path, WeightsMode mode, const ExportProgress& progress = {},
                          const std::vector<ExportedText>& texts = {});

}  // namespace tessera::graph
