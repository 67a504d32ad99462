#include "network_desc.hpp"

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire/message_reader.hpp"
#include "tessera/sdk/wire/message_writer.hpp"

namespace tessera::qaic {
namespace {

using graph::wire::MessageReader;
using graph::wire::MessageWriter;

void read_io_descriptor(MessageReader message, NetworkBinding& binding) {
  while (message.next()) switch (message.field()) {
      case 1:
        binding.type = static_cast<IoDataType>(message.integer("type"));
        break;
      case 2:
        binding.quant_scale = message.float32("qscale");
        break;
      case 3:
        binding.quant_offset = static_cast<int32_t>(message.integer("qoffset"));
        break;
      case 4:
        message.integers("dims", [&](int64_t dim) { binding.dims.push_back(dim); });
        break;
      default:
        message.skip();
    }
}

NetworkBinding read_network_binding(MessageReader message) {
  NetworkBinding binding;
  while (message.next()) switch (message.field()) {
      case 1:
        binding.name = message.text("name");
        break;
      case 2:
        read_io_descriptor(message.message("io_initial"), binding);
        break;
      case 5:
        binding.partial_allowed = message.integer("is_partial_allowed") != 0;
        break;
      default:
        message.skip();
    }
  return binding;
}

void read_field(MessageReader& message, NetworkDesc& desc) {
  const auto binding = [&](std::string_view name, std::vector<NetworkBinding>& list) {
    list.push_back(read_network_binding(message.message(name, static_cast<int64_t>(list.size()))));
  };
  switch (message.field()) {
    case 1:
      desc.major_version = message.integer("major_version");
      break;
    case 2:
      desc.minor_version = message.integer("minor_version");
      break;
    case 3:
      desc.name = message.text("network_name");
      break;
    case 4:
      binding("inputs", desc.inputs);
      break;
    case 5:
      binding("outputs", desc.outputs);
      break;
    case 7:
      desc.num_cores = message.integer("num_cores");
      break;
    case 14:
      desc.batch_size = message.integer("batch_size");
      break;
    case 18:
      desc.allowed_shapes.push_back(detail::read_shapes(
          message.message("allowed_shapes", static_cast<int64_t>(desc.allowed_shapes.size()))));
      break;
    default:
      message.skip();
  }
}

void write_io_descriptor(MessageWriter& writer, uint32_t field, const NetworkBinding& binding) {
  writer.message(field, [&] {
    detail::write_unless_zero(writer, 1, static_cast<int64_t>(binding.type));
    if (binding.quant_scale != 0) writer.float32(2, binding.quant_scale);
    detail::write_unless_zero(writer, 3, binding.quant_offset);
    detail::write_packed(writer, 4, binding.dims);
  });
}

void write_binding(MessageWriter& writer, uint32_t field, const NetworkBinding& binding) {
  writer.message(field, [&] {
    writer.text_unless_empty(1, binding.name);
    write_io_descriptor(writer, 2, binding);
    write_io_descriptor(writer, 3, binding);
    detail::write_unless_zero(writer, 5, binding.partial_allowed ? 1 : 0);
  });
}

void add_binding(IoSet& set, const NetworkBinding& from, bool output) {
  const uint64_t bytes = tensor_bytes(from.type, from.dims);
  if (bytes > UINT32_MAX)
    throw Error(ErrorCode::kCorruptData, "binding '" + from.name + "' has " + std::to_string(bytes) +
                                             " bytes, a descriptor has room for 4 GiB")
        .key(from.name);
  IoBinding& binding = set.bindings.emplace_back();
  binding.name = from.name;
  binding.index = static_cast<uint32_t>(set.bindings.size() - 1);
  binding.type = from.type;
  binding.output = output;
  binding.quant_scale = from.quant_scale;
  binding.quant_offset = from.quant_offset;
  binding.dims = from.dims;
  binding.size = static_cast<uint32_t>(bytes);
  binding.partial_allowed = from.partial_allowed;
}

}  // namespace

NetworkDesc read_network_desc(std::string_view bytes) {
  NetworkDesc desc;
  desc.major_version = desc.minor_version = 0;
  MessageReader message(bytes, "network descriptor");
  while (message.next()) read_field(message, desc);
  const size_t bindings = desc.inputs.size() + desc.outputs.size();
  for (const IoShapes& shapes : desc.allowed_shapes) {
    if (shapes.size() != bindings)
      throw Error(ErrorCode::kCorruptData, "malformed network descriptor: a specialization has " +
                                               std::to_string(shapes.size()) + " shapes for " +
                                               std::to_string(bindings) + " bindings")
          .key("allowed_shapes");
  }
  return desc;
}

std::string write_network_desc(const NetworkDesc& desc) {
  std::string bytes;
  MessageWriter writer(bytes);
  detail::write_unless_zero(writer, 1, desc.major_version);
  detail::write_unless_zero(writer, 2, desc.minor_version);
  writer.text_unless_empty(3, desc.name);
  for (const NetworkBinding& binding : desc.inputs) write_binding(writer, 4, binding);
  for (const NetworkBinding& binding : desc.outputs) write_binding(writer, 5, binding);
  detail::write_unless_zero(writer, 7, desc.num_cores);
  detail::write_unless_zero(writer, 14, desc.batch_size);
  for (const IoShapes& shapes : desc.allowed_shapes) detail::write_shapes(writer, 18, shapes);
  return bytes;
}

IoDesc io_desc_of(const NetworkDesc& desc) {
  IoDesc io;
  io.program_name = desc.name;
  io.selected_set.name = "default";
  for (const NetworkBinding& binding : desc.inputs) add_binding(io.selected_set, binding, false);
  for (const NetworkBinding& binding : desc.outputs) add_binding(io.selected_set, binding, true);
  io.io_sets = {io.selected_set};
  io.allowed_shapes = desc.allowed_shapes;
  return io;
}

}  // namespace tessera::qaic
