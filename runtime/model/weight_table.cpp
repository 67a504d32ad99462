#include "runtime/model/weight_table.hpp"

#include <memory>
#include <new>
#include <string_view>

#include "core/host/status.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

tsr_str borrow(std::string_view text) {
  return {text.data(), text.size()};
}
std::string_view view(tsr_str text) {
  return text.len == 0 ? std::string_view() : std::string_view(text.ptr, text.len);
}

tsr_status* map(void* ctx, tsr_str location, uint64_t offset, uint64_t length, tsr_buffer* out) {
  try {
    auto mapped = std::make_unique<MappedView>(
        static_cast<const Checkpoint*>(ctx)->map(view(location), offset, length));
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

void drop(void* ctx, tsr_str location, uint64_t offset, uint64_t length) {
  static_cast<const Checkpoint*>(ctx)->drop_pages(view(location), offset, length);
}

}  // namespace

WeightTable::WeightTable(const Checkpoint& checkpoint) {
  weights_.reserve(checkpoint.tensors().size());
  for (const TensorEntry& entry : checkpoint.tensors()) {
    tsr_weight weight{};
    weight.struct_size = sizeof weight;
    weight.dtype = static_cast<int32_t>(onnx_data_type(entry.dtype));
    weight.name = borrow(entry.name);
    weight.dims = entry.dims.data();
    weight.rank = entry.dims.size();
    weight.location = borrow(entry.location);
    weight.offset = entry.offset;
    weight.length = entry.length;
    weights_.push_back(weight);
  }
  for (const tsr_weight& weight : weights_) items_.push_back(&weight);
  c_.struct_size = sizeof c_;
  c_.ctx =
      const_cast<Checkpoint*>(&checkpoint);  // NOLINT: the C form has no const; only const members are called
  c_.count = items_.size();
  c_.items = items_.data();
  c_.map = map;
  c_.drop = drop;
}

}  // namespace tessera
