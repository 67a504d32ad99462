#include "tensor_directory.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/checkpoint/checkpoint.hpp"

namespace tessera::models {
namespace {

graph::DataType onnx_dtype(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return graph::DataType::kFloat;
    case DType::kF16:
      return graph::DataType::kFloat16;
    case DType::kBF16:
      return graph::DataType::kBfloat16;
    default:
      return graph::DataType::kUndefined;
  }
}

}  // namespace

TensorDirectory::TensorDirectory() {
  table_.struct_size = sizeof(table_);
}

void TensorDirectory::add_folder(const std::filesystem::path& folder) {
  const Checkpoint checkpoint = Checkpoint::open(folder);
  for (const TensorEntry& tensor : checkpoint.tensors()) {
    Entry entry{tensor.name, tensor.location, tensor.dims, {}};
    entry.c.dtype = static_cast<int32_t>(onnx_dtype(tensor.dtype));
    entry.c.offset = tensor.offset;
    entry.c.length = tensor.length;
    add_entry(std::move(entry));
  }
}

void TensorDirectory::add(const std::string& name, graph::DataType dtype, std::vector<int64_t> dims) {
  remove(name);
  Entry entry{name, "model.safetensors", std::move(dims), {}};
  entry.c.dtype = static_cast<int32_t>(dtype);
  add_entry(std::move(entry));
}

void TensorDirectory::remove(const std::string& name) {
  entries_.remove_if([&](const Entry& entry) { return entry.name == name; });
}

void TensorDirectory::add_entry(Entry entry) {
  Entry& kept = entries_.emplace_back(std::move(entry));
  kept.c.struct_size = sizeof(kept.c);
  kept.c.name = {kept.name.data(), kept.name.size()};
  kept.c.location = {kept.location.data(), kept.location.size()};
  kept.c.dims = kept.dims.data();
  kept.c.rank = kept.dims.size();
}

sdk::Weights TensorDirectory::weights() {
  entries_.sort([](const Entry& a, const Entry& b) { return a.name < b.name; });
  items_.clear();
  for (const Entry& entry : entries_) items_.push_back(&entry.c);
  table_.items = items_.data();
  table_.count = items_.size();
  return sdk::Weights(nullptr, &table_);
}

ListeningHost::ListeningHost() {
  table_.c.struct_size = sizeof(table_.c);
  table_.c.abi = TSR_ABI_VERSION;
  // The C table is the first member, so its address leads back to the whole.
  table_.c.log = [](const tsr_host* host, int32_t level, tsr_str, tsr_str text) {
    auto* table = const_cast<Table*>(reinterpret_cast<const Table*>(host));
    if (level == TSR_LOG_WARN) table->warnings.emplace_back(text.ptr, text.len);
  };
  table_.c.log_enabled = [](const tsr_host*, int32_t) -> int32_t { return 1; };
}

std::filesystem::path model_folder(const std::string& name) {
  const char* data = std::getenv("TESSERA_TEST_DATA");
  return std::filesystem::path(data == nullptr ? "tests" : data) / "data" / "models" / name;
}

std::string config_text(const std::string& name) {
  std::ifstream in(model_folder(name) / "config.json", std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

}  // namespace tessera::models
