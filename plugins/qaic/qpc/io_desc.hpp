/// aicapi.IoDesc: the bindings of a program as the runtime gives them to its caller (protobuf, proto3).
///
/// What this program has no use for (DMA layouts, host stages, runtime constants) is skipped on reading.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io_data_type.hpp"

namespace tessera::qaic {

/// Bytes of a tensor: product(dims) x element size, where a dim of 0 is left out, as the runtime does.
/// Throws kCorruptData for a negative dim or a product beyond 2^62.
uint64_t tensor_bytes(IoDataType type, const std::vector<int64_t>& dims);

/// One tensor of a specialization.
struct TensorShape {
  IoDataType type = IoDataType::kFloat;
  std::vector<int64_t> dims;
  bool operator==(const TensorShape&) const = default;
};

/// One specialization: the shape of each binding, in the order of the bindings.
using IoShapes = std::vector<TensorShape>;

/// A buffer that a run takes or gives.
struct IoBinding {
  std::string name;
  uint32_t index = 0;  ///< in the array of buffers
  IoDataType type = IoDataType::kFloat;
  bool output = false;  ///< on the wire 0 = input, 1 = output: not the numbers of the C enum
  float quant_scale = 0;
  int32_t quant_offset = 0;
  std::vector<int64_t> dims;     ///< of the largest specialization
  uint32_t size = 0;             ///< bytes, of the largest specialization
  bool partial_allowed = false;  ///< may be skipped, or be shorter in its first axis
  bool operator==(const IoBinding&) const = default;
};

struct IoSet {
  std::string name;  ///< "default", "dma", ...
  std::vector<IoBinding> bindings;
};

struct IoDesc {
  std::vector<IoSet> io_sets;
  IoSet selected_set;
  std::string program_name;
  std::vector<IoShapes> allowed_shapes;  ///< empty: the one shape of the bindings
};

/// Throws kCorruptData with the path of the field and its byte.
IoDesc read_io_desc(std::string_view bytes);
std::string write_io_desc(const IoDesc& desc);

namespace detail {
/// IoShapes has one form in IoDesc and in the network descriptor: field 1 repeated {1 type, 2 dims}.
template <typename Reader>
IoShapes read_shapes(Reader message) {
  IoShapes shapes;
  while (message.next()) {
    if (message.field() != 1) {
      message.skip();
      continue;
    }
    auto shape = message.message("shapes", static_cast<int64_t>(shapes.size()));
    TensorShape& read = shapes.emplace_back();
    while (shape.next()) {
      if (shape.field() == 1)
        read.type = static_cast<IoDataType>(shape.integer("type"));
      else if (shape.field() == 2)
        shape.integers("dims", [&](int64_t dim) { read.dims.push_back(dim); });
      else
        shape.skip();
    }
  }
  return shapes;
}

/// Packed, as proto3 writes repeated numbers.
template <typename Writer>
void write_packed(Writer& writer, uint32_t field, const std::vector<int64_t>& values) {
  if (values.empty()) return;
  std::string packed;
  for (const int64_t value : values) {
    auto rest = static_cast<uint64_t>(value);
    for (; rest >= 0x80; rest >>= 7) packed.push_back(static_cast<char>(rest | 0x80));
    packed.push_back(static_cast<char>(rest));
  }
  writer.text(field, packed);
}

/// A proto3 number: 0 is not written.
template <typename Writer>
void write_unless_zero(Writer& writer, uint32_t field, int64_t value) {
  if (value != 0) writer.integer(field, value);
}

template <typename Writer>
void write_shapes(Writer& writer, uint32_t field, const IoShapes& shapes) {
  writer.message(field, [&] {
    for (const TensorShape& shape : shapes) {
      writer.message(1, [&] {
        write_unless_zero(writer, 1, static_cast<int64_t>(shape.type));
        write_packed(writer, 2, shape.dims);
      });
    }
  });
}
}  // namespace detail

}  // namespace tessera::qaic
