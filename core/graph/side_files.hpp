/// Which weights an export writes anew, and where they lie then.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/graph/weight_recipes.hpp"

namespace tessera::graph {

struct PlacedWeight {
  WeightRecipe recipe;
  uint64_t offset = 0;  ///< in its file
};

/// "model_0.onnx.data".
struct SideFile {
  std::string location;
  uint64_t bytes = 0;
  std::vector<PlacedWeight> weights;  ///< by offset
};

/// Takes the weight nodes of `model` and places what they make, and all other tensors of files that they read
/// (so that such a file is not needed, too), into side files. With the metadata of split-tensors every tensor
/// of that size goes there, those inside the model too, and the metadata goes. The initializers then point
/// there. Empty: nothing to write anew, `model` is as it was. Throws as take_weight_nodes; kInvalidArgument
/// for metadata that cannot be read.
std::vector<SideFile> take_side_files(Model& model);

/// A copy of the initializers that do not lie in `files`, as a model.
Model without_side_files(const Model& model, const std::vector<SideFile>& files);

}  // namespace tessera::graph
