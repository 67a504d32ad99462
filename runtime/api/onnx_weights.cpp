#include "runtime/api/onnx_weights.hpp"

#include <new>
#include <utility>

#include "core/graph/weights_check.hpp"
#include "core/host/status.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::string_view view(tsr_str text) {
  return text.len == 0 ? std::string_view() : std::string_view(text.ptr, text.len);
}

tsr_status* map_range(void* ctx, tsr_str location, uint64_t offset, uint64_t length, tsr_buffer* out) {
  try {
    auto mapped =
        std::make_unique<MappedView>(static_cast<OnnxWeights*>(ctx)->map(view(location), offset, length));
    out->data = mapped->data();
    out->size = length;
    out->release = [](void* held) { delete static_cast<MappedView*>(held); };
    out->ctx = mapped.release();
    return nullptr;
  } catch (const Error& error) {
    return make_status(error);
  } catch (const std::bad_alloc&) {
    return make_status(Error(ErrorCode::kOutOfMemory, "out of memory"));
  }
}

void drop_range(void* ctx, tsr_str location, uint64_t offset, uint64_t length) {
  static_cast<OnnxWeights*>(ctx)->drop(view(location), offset, length);
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
