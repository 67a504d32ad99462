#include "tessera/inspect.hpp"

#include <filesystem>

#include "core/checkpoint/checkpoint.hpp"
#include "core/checkpoint/safetensors.hpp"
#include "core/hub/hub_cache.hpp"

namespace tessera {
namespace {

std::vector<CheckpointTensor> list_file(const std::filesystem::path& path) {
  std::vector<CheckpointTensor> tensors;
  const SafetensorsFile file = SafetensorsFile::open(path);
  for (const auto& entry : file.tensors()) {
    tensors.push_back({entry.name, std::string(dtype_name(entry.dtype)), entry.dims, path.filename().string(),
                       entry.offset, entry.length});
  }
  return tensors;
}

}  // namespace

std::vector<CheckpointTensor> list_tensors(std::string_view path_or_id) {
  if (std::filesystem::is_regular_file(path_or_id)) return list_file(path_or_id);
  std::vector<CheckpointTensor> tensors;
  const Checkpoint checkpoint = Checkpoint::open(find_model(path_or_id).folder);
  for (const TensorEntry& entry : checkpoint.tensors()) {
    tensors.push_back({entry.name, std::string(dtype_name(entry.dtype)), entry.dims, entry.location,
                       entry.offset, entry.length});
  }
  return tensors;
}

}  // namespace tessera
