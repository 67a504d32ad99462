#include "runtime/model/weight_table.hpp"

#include <string_view>

#include "runtime/model/mapped_buffer.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera {
namespace {

tsr_status* map(void* ctx, tsr_str location, uint64_t offset, uint64_t length, tsr_buffer* out) {
  return give_mapped(
      [&] { return static_cast<const Checkpoint*>(ctx)->map(sdk::view(location), offset, length); }, out);
}

void drop(void* ctx, tsr_str location, uint64_t offset, uint64_t length) {
  static_cast<const Checkpoint*>(ctx)->drop_pages(sdk::view(location), offset, length);
}

}  // namespace

WeightTable::WeightTable(const Checkpoint& checkpoint) {
  weights_.reserve(checkpoint.tensors().size());
  for (const TensorEntry& entry : checkpoint.tensors()) {
    tsr_weight weight{};
    weight.struct_size = sizeof weight;
    weight.dtype = static_cast<int32_t>(onnx_data_type(entry.dtype));
    weight.name = sdk::borrow(entry.name);
    weight.dims = entry.dims.data();
    weight.rank = entry.dims.size();
    weight.location = sdk::borrow(entry.location);
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
