/// A look into checkpoints without loading them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

struct CheckpointTensor {
  std::string name, dtype;  ///< dtype as safetensors spells it: "BF16"
  std::vector<int64_t> shape;
  std::string file;  ///< relative to the folder
  uint64_t offset = 0, bytes = 0;
};

/// Tensors of one safetensors file, or of a model folder (or hub id) with its shards, sorted by name.
/// Throws Error naming file, tensor and byte for anything that breaks the format.
std::vector<CheckpointTensor> list_tensors(std::string_view path_or_id);

}  // namespace tessera
