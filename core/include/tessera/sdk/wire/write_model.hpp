/// The types of graph.hpp -> ModelProto and the messages in it. Fields go out by number, unknown ones last.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/wire/message_writer.hpp"

namespace tessera::graph::wire {

inline void write(MessageWriter& w, const Graph& graph);

template <typename T>
void write_message(MessageWriter& w, uint32_t field, const T& value) {
  w.message(field, [&] { write(w, value); });
}
template <typename T>
void write_messages(MessageWriter& w, uint32_t field, const std::vector<T>& values) {
  for (const T& value : values) write_message(w, field, value);
}
inline void write_texts(MessageWriter& w, uint32_t field, const std::vector<std::string>& values) {
  for (const std::string& value : values) w.text(field, value);
}
inline void write_entry(MessageWriter& w, uint32_t field, std::string_view key, std::string_view value) {
  w.message(field, [&] {
    w.text(1, key);
    w.text(2, value);
  });
}

inline void write(MessageWriter& w, const Tensor& tensor) {
  for (const int64_t dim : tensor.dims) w.integer(1, dim);
  w.integer(2, static_cast<int64_t>(tensor.dtype));
  write_texts(w, 6, tensor.string_data);
  w.text_unless_empty(8, tensor.name);
  if (!tensor.external) w.text_unless_empty(9, tensor.raw_data);
  w.text_unless_empty(12, tensor.doc_string);
  if (tensor.external) {
    write_entry(w, 13, "location", tensor.external->location);
    write_entry(w, 13, "offset", std::to_string(tensor.external->offset));
    write_entry(w, 13, "length", std::to_string(tensor.external->length));
    w.integer(14, 1);
  }
  w.raw(tensor.unknown_fields);
}

inline void write(MessageWriter& w, const Dimension& dimension) {
  if (dimension.value >= 0) {
    w.integer(1, dimension.value);
  } else {
    w.text_unless_empty(2, dimension.symbol);
  }
  w.text_unless_empty(3, dimension.denotation);
}

inline void write_type(MessageWriter& w, const ValueInfo& info) {
  w.message(1, [&] {
    w.integer(1, static_cast<int64_t>(info.dtype));
    if (info.has_shape) w.message(2, [&] { write_messages(w, 1, info.shape); });
  });
  w.text_unless_empty(6, info.denotation);
}

inline void write(MessageWriter& w, const ValueInfo& info) {
  w.text_unless_empty(1, info.name);
  if (!info.unknown_type.empty()) {
    w.text(2, info.unknown_type);
  } else if (info.dtype != DataType::kUndefined || info.has_shape) {
    w.message(2, [&] { write_type(w, info); });
  }
  w.text_unless_empty(3, info.doc_string);
  w.raw(info.unknown_fields);
}

/// The one element of a TENSOR or GRAPH attribute.
template <typename T>
const T& only(const std::vector<T>& values, const Attribute& attribute) {
  if (values.size() == 1) return values.front();
  throw Error(ErrorCode::kInvalidArgument, "attribute '" + attribute.name + "' holds " +
                                               std::to_string(values.size()) + " values, its type needs one")
      .key(attribute.name);
}

inline void write_value(MessageWriter& w, const Attribute& attribute) {
  switch (attribute.type) {
    case AttributeType::kFloat:
      w.float32(2, attribute.f);
      break;
    case AttributeType::kInt:
      w.integer(3, attribute.i);
      break;
    case AttributeType::kString:
      w.text(4, attribute.s);
      break;
    case AttributeType::kTensor:
      write_message(w, 5, only(attribute.tensors, attribute));
      break;
    case AttributeType::kGraph:
      write_message(w, 6, only(attribute.graphs, attribute));
      break;
    case AttributeType::kFloats:
      for (const float value : attribute.floats) w.float32(7, value);
      break;
    case AttributeType::kInts:
      for (const int64_t value : attribute.ints) w.integer(8, value);
      break;
    case AttributeType::kStrings:
      write_texts(w, 9, attribute.strings);
      break;
    case AttributeType::kTensors:
      write_messages(w, 10, attribute.tensors);
      break;
    case AttributeType::kGraphs:
      write_messages(w, 11, attribute.graphs);
      break;
    case AttributeType::kUndefined:
      break;
  }
}

inline void write(MessageWriter& w, const Attribute& attribute) {
  w.text_unless_empty(1, attribute.name);
  if (attribute.ref_attr_name.empty()) write_value(w, attribute);
  w.text_unless_empty(13, attribute.doc_string);
  if (attribute.type != AttributeType::kUndefined) w.integer(20, static_cast<int64_t>(attribute.type));
  w.text_unless_empty(21, attribute.ref_attr_name);
  w.raw(attribute.unknown_fields);
}

inline void write(MessageWriter& w, const Node& node) {
  write_texts(w, 1, node.inputs);
  write_texts(w, 2, node.outputs);
  w.text_unless_empty(3, node.name);
  w.text_unless_empty(4, node.op_type);
  write_messages(w, 5, node.attributes);
  w.text_unless_empty(6, node.doc_string);
  w.text_unless_empty(7, node.domain);
  w.raw(node.unknown_fields);
}

inline void write(MessageWriter& w, const Graph& graph) {
  write_messages(w, 1, graph.nodes);
  w.text_unless_empty(2, graph.name);
  write_messages(w, 5, graph.initializers);
  w.text_unless_empty(10, graph.doc_string);
  write_messages(w, 11, graph.inputs);
  write_messages(w, 12, graph.outputs);
  write_messages(w, 13, graph.value_info);
  w.raw(graph.unknown_fields);
}

inline void write(MessageWriter& w, const OpsetId& opset) {
  w.text(1, opset.domain);
  w.integer(2, opset.version);
}

inline void write(MessageWriter& w, const Function& function) {
  w.text_unless_empty(1, function.name);
  write_texts(w, 4, function.inputs);
  write_texts(w, 5, function.outputs);
  write_texts(w, 6, function.attributes);
  write_messages(w, 7, function.nodes);
  w.text_unless_empty(8, function.doc_string);
  write_messages(w, 9, function.opset_imports);
  w.text_unless_empty(10, function.domain);
  w.raw(function.unknown_fields);
}

inline void write(MessageWriter& w, const Model& model) {
  w.integer(1, model.ir_version);
  w.text_unless_empty(2, model.producer_name);
  w.text_unless_empty(3, model.producer_version);
  w.text_unless_empty(4, model.domain);
  if (model.model_version != 0) w.integer(5, model.model_version);
  w.text_unless_empty(6, model.doc_string);
  write_message(w, 7, model.graph);
  write_messages(w, 8, model.opset_imports);
  for (const auto& [key, value] : model.metadata_props) write_entry(w, 14, key, value);
  write_messages(w, 25, model.functions);
  w.raw(model.unknown_fields);
}

}  // namespace tessera::graph::wire
