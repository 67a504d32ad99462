/// model.safetensors.index.json: which file of a sharded checkpoint holds which tensor.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace tessera {

/// The index's `weight_map`. Its `metadata.total_size` is not read: it is often wrong and nothing needs it.
struct ShardIndex {
  std::map<std::string, std::string> file_of;  ///< tensor name -> file name in the folder, without '/'
};

/// Throws Error with file and key: kNotFound, kIo, kCorruptData (not JSON, a tensor twice, no weight_map, a
/// file name that leaves the folder).
ShardIndex read_shard_index(const std::filesystem::path& path);

}  // namespace tessera
