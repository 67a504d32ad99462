/// Checks where a graph's weights are said to lie, which libonnx does not.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// Size in bytes of the file at a location; throws when there is no regular file. Empty: sizes are not
/// checked (weights that exist only in memory).
using FileSizes = std::function<uint64_t(const std::string& location)>;

/// Sizes of the files under `base_dir`, links resolved (a hub cache is made of them). Throws kNotFound naming
/// the file.
FileSizes file_sizes_in(const std::filesystem::path& base_dir);

/// Throws kInvalidArgument unless `location` is a relative path inside the base directory: not empty, not
/// absolute, no
/// "..", no empty part, no control character.
void check_location(const std::string& location);

/// Checks every tensor with external data: location as above; length equal to what dtype and dims need; range
/// inside the file. Only initializers of the main graph may have external data. Errors (kInvalidArgument,
/// kCorruptData) name the tensor as key and the file.
void check_weights(const Model& model, const FileSizes& sizes);

}  // namespace tessera::graph
