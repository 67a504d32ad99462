/// A model's graph as an ONNX file with its weights beside it.
#pragma once

#include <string>
#include <vector>

#include "runtime/model/loaded_model.hpp"
#include "tessera/model.hpp"

namespace tessera {

/// Writes the graph after `options.passes` (none: the pure one) as `folder`/model.onnx and its weights beside
/// it, as hard links or copies. Returns one line a file: how it came there. Throws Error.
std::vector<std::string> export_model_folder(const LoadedModel& model, const std::string& folder,
                                             bool copy_weights, const CompileOptions& options);

}  // namespace tessera
