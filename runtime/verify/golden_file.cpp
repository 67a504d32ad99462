#include "runtime/verify/golden_file.hpp"

#include <fmt/format.h>

#include <span>

#include "core/checkpoint/safetensors.hpp"
#include "core/checkpoint/safetensors_writer.hpp"
#include "core/checkpoint/unaligned.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::vector<int64_t> read_ids(const SafetensorsFile& file, const char* name) {
  const StoredTensor* stored = file.find_tensor(name);
  if (stored == nullptr) return {};
  if (stored->dtype != DType::kI64) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("'{}' has dtype {}, expected I64", name, dtype_name(stored->dtype)))
        .file(file.path().string())
        .key(name);
  }
  std::vector<int64_t> ids;
  for (size_t i = 0; i < stored->element_count(); ++i) {
    ids.push_back(load_unaligned<int64_t>(file.bytes(*stored).data(), i));
  }
  return ids;
}

bool is_floating(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF64 || dtype == DType::kF16 || dtype == DType::kBF16;
}

}  // namespace

Golden read_golden(const std::string& path) {
  const SafetensorsFile file = SafetensorsFile::open(path);
  Golden golden;
  golden.text.ids = read_ids(file, "input_ids");
  golden.text.type_ids = read_ids(file, "token_type_ids");
  golden.text.type_ids.resize(golden.text.ids.size());
  for (const StoredTensor& stored : file.tensors()) {
    if (is_floating(stored.dtype))
      golden.tensors.push_back({stored.name, stored.dims, file.floats(stored.name)});
  }
  return golden;
}

void write_golden_file(const std::string& path, const VerifyText& text, bool with_types,
                       const std::vector<NamedTensor>& tensors) {
  const auto count = static_cast<int64_t>(text.ids.size());
  SafetensorsWriter writer(path);
  writer.declare("input_ids", DType::kI64, {count});
  if (with_types) writer.declare("token_type_ids", DType::kI64, {count});
  for (const NamedTensor& tensor : tensors) writer.declare(tensor.name, DType::kF32, tensor.dims);
  writer.append(std::as_bytes(std::span(text.ids)));
  if (with_types) writer.append(std::as_bytes(std::span(text.type_ids)));
  for (const NamedTensor& tensor : tensors) writer.append_floats(tensor.data);
  writer.finish();
}

}  // namespace tessera
