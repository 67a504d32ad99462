/// ModelProto and the messages in it -> the types of graph.hpp. One `read` a message, cases by field number.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/wire/message_reader.hpp"
#include "tessera/sdk/wire/read_tensor.hpp"

namespace tessera::graph::wire {

inline void read(MessageReader m, Graph& graph);

/// Reads the next element of a repeated message field.
template <typename T>
void read_element(MessageReader& m, std::string_view name, std::vector<T>& list) {
  const auto index = static_cast<int64_t>(list.size());
  list.emplace_back();
  read(m.message(name, index), list.back());
}

/// Reads a message field that is not repeated; `seen` is whether it has stood here before.
template <typename T>
void read_once(MessageReader& m, std::string_view name, bool& seen, T& value) {
  if (std::exchange(seen, true)) m.fail(name, "appears twice");
  read(m.message(name), value);
}

// ---- types
// ------------------------------------------------------------------------------------------------------

// These answer false when a message has something that ValueInfo cannot hold; then the whole type is kept as
// bytes.

inline bool read(MessageReader m, Dimension& dimension) {
  bool understood = true;
  while (m.next()) {
    switch (m.field()) {
      case 1:
        dimension.value = m.integer("dim_value");
        dimension.symbol.clear();
        understood &= dimension.value >= 0;
        break;
      case 2:
        dimension.symbol = m.text("dim_param");
        dimension.value = -1;
        break;
      case 3:
        dimension.denotation = m.text("denotation");
        break;
      default:
        m.skip();
        understood = false;
    }
  }
  return understood;
}

inline bool read_shape(MessageReader m, std::vector<Dimension>& shape) {
  bool understood = true;
  while (m.next()) {
    if (m.field() == 1) {
      const auto index = static_cast<int64_t>(shape.size());
      shape.emplace_back();
      understood &= read(m.message("dim", index), shape.back());
    } else {
      m.skip();
      understood = false;
    }
  }
  return understood;
}

inline bool read_tensor_type(MessageReader m, ValueInfo& info) {
  bool understood = true;
  while (m.next()) {
    if (m.field() == 1) {
      info.dtype = static_cast<DataType>(m.integer("elem_type"));
    } else if (m.field() == 2 && !info.has_shape) {
      info.has_shape = true;
      understood &= read_shape(m.message("shape"), info.shape);
    } else {
      m.skip();
      understood = false;
    }
  }
  return understood;
}

inline bool read_type(MessageReader m, ValueInfo& info) {
  bool understood = true, has_tensor_type = false;
  while (m.next()) {
    if (m.field() == 1 && !has_tensor_type) {
      has_tensor_type = true;
      understood &= read_tensor_type(m.message("tensor_type"), info);
    } else if (m.field() == 6) {
      info.denotation = m.text("denotation");
    } else {
      m.skip();
      understood = false;
    }
  }
  return understood;
}

inline void read(MessageReader m, ValueInfo& info) {
  bool has_type = false;
  while (m.next()) {
    switch (m.field()) {
      case 1:
        info.name = m.text("name");
        break;
      case 2: {
        if (std::exchange(has_type, true)) m.fail("type", "appears twice");
        const MessageReader type = m.message("type");
        if (!read_type(type, info)) info.unknown_type = type.bytes();
        break;
      }
      case 3:
        info.doc_string = m.text("doc_string");
        break;
      default:
        m.keep_unknown(info.unknown_fields);
    }
  }
}

// ---- attributes and nodes
// ---------------------------------------------------------------------------------------

/// Very old models have no `type`: then the field that is there tells it. With a type, no other field may be
/// there.
inline void settle_type(Attribute& attribute, AttributeType present, bool mixed, const MessageReader& m) {
  if (attribute.type == AttributeType::kUndefined) attribute.type = present;
  if (mixed || (present != AttributeType::kUndefined && present != attribute.type)) {
    m.fail({}, "('" + attribute.name + "') has a value that is not of its type");
  }
}

inline void read(MessageReader m, Attribute& attribute) {
  auto present = AttributeType::kUndefined;
  bool mixed = false, has_tensor = false, has_graph = false;
  const auto is = [&](AttributeType type) {
    mixed |= present != AttributeType::kUndefined && present != type;
    present = type;
  };
  while (m.next()) {
    switch (m.field()) {
      case 1:
        attribute.name = m.text("name");
        break;
      case 2:
        is(AttributeType::kFloat);
        attribute.f = m.float32("f");
        break;
      case 3:
        is(AttributeType::kInt);
        attribute.i = m.integer("i");
        break;
      case 4:
        is(AttributeType::kString);
        attribute.s = m.text("s");
        break;
      case 5:
        is(AttributeType::kTensor);
        attribute.tensors.resize(1);
        read_once(m, "t", has_tensor, attribute.tensors.front());
        break;
      case 6:
        is(AttributeType::kGraph);
        attribute.graphs.resize(1);
        read_once(m, "g", has_graph, attribute.graphs.front());
        break;
      case 7:
        is(AttributeType::kFloats);
        m.reals<float>("floats", [&](float v) { attribute.floats.push_back(v); });
        break;
      case 8:
        is(AttributeType::kInts);
        m.integers("ints", [&](int64_t v) { attribute.ints.push_back(v); });
        break;
      case 9:
        is(AttributeType::kStrings);
        attribute.strings.emplace_back(m.text("strings"));
        break;
      case 10:
        is(AttributeType::kTensors);
        read_element(m, "tensors", attribute.tensors);
        break;
      case 11:
        is(AttributeType::kGraphs);
        read_element(m, "graphs", attribute.graphs);
        break;
      case 13:
        attribute.doc_string = m.text("doc_string");
        break;
      case 20:
        attribute.type = static_cast<AttributeType>(m.integer("type"));
        break;
      case 21:
        attribute.ref_attr_name = m.text("ref_attr_name");
        break;
      default:
        m.keep_unknown(attribute.unknown_fields);
    }
  }
  settle_type(attribute, present, mixed, m);
}

inline void read(MessageReader m, Node& node) {
  while (m.next()) {
    switch (m.field()) {
      case 1:
        node.inputs.emplace_back(m.text("input"));
        break;
      case 2:
        node.outputs.emplace_back(m.text("output"));
        break;
      case 3:
        node.name = m.text("name");
        break;
      case 4:
        node.op_type = m.text("op_type");
        break;
      case 5:
        read_element(m, "attribute", node.attributes);
        break;
      case 6:
        node.doc_string = m.text("doc_string");
        break;
      case 7:
        node.domain = m.text("domain");
        break;
      default:
        m.keep_unknown(node.unknown_fields);
    }
  }
}

// ---- graph, function, model
// -------------------------------------------------------------------------------------

inline void read(MessageReader m, Graph& graph) {
  while (m.next()) {
    switch (m.field()) {
      case 1:
        read_element(m, "node", graph.nodes);
        break;
      case 2:
        graph.name = m.text("name");
        break;
      case 5:
        read_element(m, "initializer", graph.initializers);
        break;
      case 10:
        graph.doc_string = m.text("doc_string");
        break;
      case 11:
        read_element(m, "input", graph.inputs);
        break;
      case 12:
        read_element(m, "output", graph.outputs);
        break;
      case 13:
        read_element(m, "value_info", graph.value_info);
        break;
      default:
        m.keep_unknown(graph.unknown_fields);
    }
  }
}

inline void read(MessageReader m, OpsetId& opset) {
  while (m.next()) {
    switch (m.field()) {
      case 1:
        opset.domain = m.text("domain");
        break;
      case 2:
        opset.version = m.integer("version");
        break;
      default:
        m.skip();
    }
  }
}

inline void read(MessageReader m, Function& function) {
  while (m.next()) {
    switch (m.field()) {
      case 1:
        function.name = m.text("name");
        break;
      case 4:
        function.inputs.emplace_back(m.text("input"));
        break;
      case 5:
        function.outputs.emplace_back(m.text("output"));
        break;
      case 6:
        function.attributes.emplace_back(m.text("attribute"));
        break;
      case 7:
        read_element(m, "node", function.nodes);
        break;
      case 8:
        function.doc_string = m.text("doc_string");
        break;
      case 9:
        read_element(m, "opset_import", function.opset_imports);
        break;
      case 10:
        function.domain = m.text("domain");
        break;
      default:
        m.keep_unknown(function.unknown_fields);
    }
  }
}

inline void read(MessageReader m, Model& model) {
  bool has_graph = false;
  model.ir_version = 0;
  while (m.next()) {
    switch (m.field()) {
      case 1:
        model.ir_version = m.integer("ir_version");
        break;
      case 2:
        model.producer_name = m.text("producer_name");
        break;
      case 3:
        model.producer_version = m.text("producer_version");
        break;
      case 4:
        model.domain = m.text("domain");
        break;
      case 5:
        model.model_version = m.integer("model_version");
        break;
      case 6:
        model.doc_string = m.text("doc_string");
        break;
      case 7:
        read_once(m, "graph", has_graph, model.graph);
        break;
      case 8:
        read_element(m, "opset_import", model.opset_imports);
        break;
      case 14: {
        const auto index = static_cast<int64_t>(model.metadata_props.size());
        model.metadata_props.emplace_back(read_entry(m.message("metadata_props", index)));
        break;
      }
      case 25:
        read_element(m, "functions", model.functions);
        break;
      default:
        m.keep_unknown(model.unknown_fields);
    }
  }
}

}  // namespace tessera::graph::wire
