#include "io_desc.hpp"

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire/message_reader.hpp"
#include "tessera/sdk/wire/message_writer.hpp"

namespace tessera::qaic {
namespace {

using graph::wire::MessageReader;
using graph::wire::MessageWriter;

IoBinding read_binding(MessageReader message) {
  IoBinding binding;
  while (message.next()) switch (message.field()) {
      case 1:
        binding.name = message.text("name");
        break;
      case 2:
        binding.index = static_cast<uint32_t>(message.integer("index"));
        break;
      case 3:
        binding.type = static_cast<IoDataType>(message.integer("type"));
        break;
      case 4:
        binding.output = message.integer("dir") != 0;
        break;
      case 5:
        binding.quant_scale = message.float32("quant_scale");
        break;
      case 6:
        binding.quant_offset = static_cast<int32_t>(message.integer("quant_offset"));
        break;
      case 7:
        message.integers("dims", [&](int64_t dim) { binding.dims.push_back(dim); });
        break;
      case 8:
        binding.size = static_cast<uint32_t>(message.integer("size"));
        break;
      case 10:
        binding.partial_allowed = message.integer("is_partial_buf_allowed") != 0;
        break;
      default:
        message.skip();
    }
  return binding;
}

IoSet read_set(MessageReader message) {
  IoSet set;
  while (message.next()) switch (message.field()) {
      case 1:
        set.name = message.text("name");
        break;
      case 2:
        set.bindings.push_back(
            read_binding(message.message("bindings", static_cast<int64_t>(set.bindings.size()))));
        break;
      default:
        message.skip();
    }
  return set;
}

void write_binding(MessageWriter& writer, const IoBinding& binding) {
  writer.text_unless_empty(1, binding.name);
  detail::write_unless_zero(writer, 2, binding.index);
  detail::write_unless_zero(writer, 3, static_cast<int64_t>(binding.type));
  detail::write_unless_zero(writer, 4, binding.output ? 1 : 0);
  if (binding.quant_scale != 0) writer.float32(5, binding.quant_scale);
  detail::write_unless_zero(writer, 6, binding.quant_offset);
  detail::write_packed(writer, 7, binding.dims);
  detail::write_unless_zero(writer, 8, binding.size);
  detail::write_unless_zero(writer, 10, binding.partial_allowed ? 1 : 0);
  writer.integer(20, 1);  // is_valid
}

void write_set(MessageWriter& writer, uint32_t field, const IoSet& set) {
  writer.message(field, [&] {
    writer.text_unless_empty(1, set.name);
    for (const IoBinding& binding : set.bindings) writer.message(2, [&] { write_binding(writer, binding); });
  });
}

}  // namespace

uint64_t tensor_bytes(IoDataType type, const std::vector<int64_t>& dims) {
  constexpr uint64_t kMost = uint64_t{1} << 62;
  uint64_t bytes = element_bytes(type);
  for (const int64_t dim : dims) {
    if (dim < 0) throw Error(ErrorCode::kCorruptData, "a tensor has the dimension " + std::to_string(dim));
    if (dim == 0) continue;
    if (bytes > kMost / static_cast<uint64_t>(dim))
      throw Error(ErrorCode::kCorruptData, "a tensor has more bytes than any machine");
    bytes *= static_cast<uint64_t>(dim);
  }
  return bytes;
}

IoDesc read_io_desc(std::string_view bytes) {
  IoDesc desc;
  MessageReader message(bytes, "io descriptor");
  while (message.next()) switch (message.field()) {
      case 1:
        desc.io_sets.push_back(
            read_set(message.message("io_sets", static_cast<int64_t>(desc.io_sets.size()))));
        break;
      case 2:
        desc.selected_set = read_set(message.message("selected_set"));
        break;
      case 3:
        desc.program_name = message.text("program_name");
        break;
      case 8:
        desc.allowed_shapes.push_back(detail::read_shapes(
            message.message("allowed_shapes", static_cast<int64_t>(desc.allowed_shapes.size()))));
        break;
      default:
        message.skip();
    }
  return desc;
}

std::string write_io_desc(const IoDesc& desc) {
  std::string bytes;
  MessageWriter writer(bytes);
  for (const IoSet& set : desc.io_sets) write_set(writer, 1, set);
  write_set(writer, 2, desc.selected_set);
  writer.text_unless_empty(3, desc.program_name);
  for (const IoShapes& shapes : desc.allowed_shapes) detail::write_shapes(writer, 8, shapes);
  return bytes;
}

}  // namespace tessera::qaic
