#include "runtime/api/onnx_weights.hpp"

#include <utility>

#include "core/graph/weights_check.hpp"
#include "runtime/model/mapped_buffer.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera {
namespace {

tsr_status* map_range(void* ctx, tsr_str location, uint64_t offset, uint64_t length, tsr_buffer* out) {
  return give_mapped([&] { return static_cast<OnnxWeights*>(ctx)->map(sdk::view(location), offset, length); },
                     out);
}

void drop_range(void* ctx, tsr_str location, uint64_t offset, uint64_t length) {
  static_cast<OnnxWeights*>(ctx)->drop(sdk::view(location), offset, length);
}

}  // namespace

OnnxWeights::OnnxWeights(std::filesystem::path base_dir) : base_dir_(std::move(base_dir)) {
  c_.struct_size = sizeof c_;
  c_.ctx = this;
  c_.map = map_range;
  c_.drop = drop_range;
}

MappedView OnnxWeights::map(std::string_view location, uint64_t offset, uint64_t length) {
  const std::string name(location);
  graph::check_location(name);
  const std::lock_guard lock(mutex_);
  std::shared_ptr<const MappedFile>& file = files_[name];
  if (!file) file = MappedFile::open(base_dir_ / name);
  return view_of(file, offset, length);
}

void OnnxWeights::drop(std::string_view location, uint64_t offset, uint64_t length) noexcept {
  const std::lock_guard lock(mutex_);
  const auto known = files_.find(location);
  if (known != files_.end() && known->second) known->second->drop_pages(offset, length);
}

}  // namespace tessera
