#include <algorithm>
#include <cstring>
#include <filesystem>
#include <string>

#include "core/checkpoint/mapped_file.hpp"
#include "plugins/qaic/qpc/qpc.hpp"
#include "tessera/inspect.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::vector<QpcBinding> bindings_of(const qaic::NetworkDesc& network) {
  std::vector<QpcBinding> bindings;
  for (const auto* list : {&network.inputs, &network.outputs})
    for (const qaic::NetworkBinding& from : *list)
      bindings.push_back({from.name, qaic::io_data_type_name(from.type), list == &network.outputs, from.dims,
                          qaic::tensor_bytes(from.type, from.dims), from.partial_allowed});
  return bindings;
}

QpcDescription describe(const qaic::Qpc& qpc) {
  QpcDescription description;
  description.network = qpc.network.name;
  description.num_cores = qpc.network.num_cores;
  description.static_constants_bytes = qpc.static_constants_bytes;
  description.dynamic_constants_bytes = qpc.dynamic_constants_bytes;
  description.bindings = bindings_of(qpc.network);
  for (const qaic::IoShapes& shapes : qpc.network.allowed_shapes) {
    QpcSpecialization& specialization = description.specializations.emplace_back();
    for (const qaic::TensorShape& shape : shapes) specialization.shapes.push_back(shape.dims);
  }
  for (const qaic::Segment& segment : qpc.segments)
    description.segments.push_back({std::string(segment.name), segment.bytes.size()});
  description.stand_in = qpc.stand_in();
  return description;
}

}  // namespace

bool looks_like_qpc(std::string_view path) {
  const std::filesystem::path file(path);
  if (file.extension() == ".qpc" || file.filename() == "programqpc.bin") return true;
  const auto mapped = MappedFile::open(file);
  return mapped->size() >= 4 && std::memcmp(mapped->bytes().data(), "\x7c\xcd\xa1\x00", 4) == 0;
}

QpcDescription inspect_qpc(std::string_view path) {
  const auto file = MappedFile::open(path);
  try {
    return describe(
        qaic::read_qpc({reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size()}));
  } catch (Error& error) {
    error.add_file(path);
    throw;
  }
}

}  // namespace tessera
