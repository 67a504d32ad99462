#include "onnx_protos.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <utility>

namespace tessera::graph {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

template <typename T>
void append(std::string& raw, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  raw.append(bytes, sizeof(T));
}

// ---- normal form
// -------------------------------------------------------------------------------------------------

void normalise(onnx::GraphProto& graph);

size_t bytes_of_int32_element(int dtype) {
  switch (dtype) {
    case TensorProto::INT32:
      return 4;
    case TensorProto::INT16:
    case TensorProto::UINT16:
    case TensorProto::FLOAT16:
    case TensorProto::BFLOAT16:
      return 2;
    default:
      return 1;
  }
}

void normalise(TensorProto& tensor) {
  std::string raw;
  for (const float value : tensor.float_data()) append(raw, value);
  for (const int32_t value : tensor.int32_data()) {
    std::string element;
    append(element, value);
    raw += element.substr(0, bytes_of_int32_element(tensor.data_type()));
  }
  for (const int64_t value : tensor.int64_data()) append(raw, value);
  for (const double value : tensor.double_data()) append(raw, value);
  for (const uint64_t value : tensor.uint64_data()) {
    if (tensor.data_type() == TensorProto::UINT32) {
      append(raw, static_cast<uint32_t>(value));
    } else {
      append(raw, value);
    }
  }
  tensor.clear_float_data();
  tensor.clear_int32_data();
  tensor.clear_int64_data();
  tensor.clear_double_data();
  tensor.clear_uint64_data();
  if (!raw.empty()) tensor.set_raw_data(raw);
  if (tensor.raw_data().empty()) tensor.clear_raw_data();
  if (tensor.name().empty()) tensor.clear_name();
  if (tensor.doc_string().empty()) tensor.clear_doc_string();
  if (tensor.data_location() == TensorProto::DEFAULT) tensor.clear_data_location();
}

template <typename Message>
void drop_empty_doc_string(Message& message) {
  if (message.doc_string().empty()) message.clear_doc_string();
}

void normalise(onnx::NodeProto& node) {
  if (node.name().empty()) node.clear_name();
  if (node.domain().empty()) node.clear_domain();
  drop_empty_doc_string(node);
  for (auto& attribute : *node.mutable_attribute()) {
    drop_empty_doc_string(attribute);
    if (attribute.has_t()) normalise(*attribute.mutable_t());
    for (auto& tensor : *attribute.mutable_tensors()) normalise(tensor);
    if (attribute.has_g()) normalise(*attribute.mutable_g());
    for (auto& graph : *attribute.mutable_graphs()) normalise(graph);
  }
}

void normalise(onnx::ValueInfoProto& info) {
  if (info.name().empty()) info.clear_name();
  drop_empty_doc_string(info);
  if (info.type().denotation().empty() && info.has_type()) info.mutable_type()->clear_denotation();
  // A symbol without a name is a dimension without a value.
  if (!info.type().tensor_type().has_shape()) return;
  for (auto& dim : *info.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim()) {
    if (dim.has_dim_param() && dim.dim_param().empty()) dim.clear_value();
  }
}

void normalise(onnx::GraphProto& graph) {
  drop_empty_doc_string(graph);
  for (auto& node : *graph.mutable_node()) normalise(node);
  for (auto& tensor : *graph.mutable_initializer()) normalise(tensor);
  for (auto* list : {graph.mutable_input(), graph.mutable_output(), graph.mutable_value_info()}) {
    for (auto& info : *list) normalise(info);
  }
}

void normalise_opset(onnx::OperatorSetIdProto& opset) {
  opset.set_domain(std::string(opset.domain()));
}

// ---- the model with everything
// -----------------------------------------------------------------------------------

AttributeProto& add_attribute(onnx::NodeProto& node, const char* name, AttributeProto::AttributeType type) {
  auto& attribute = *node.add_attribute();
  attribute.set_name(name);
  attribute.set_type(type);
  return attribute;
}

void set_tensor(TensorProto& tensor, const char* name, TensorProto::DataType type) {
  tensor.set_name(name);
  tensor.set_data_type(type);
  tensor.add_dims(2);
}

void set_type(onnx::ValueInfoProto& info, const char* name, const char* symbol, int64_t value) {
  info.set_name(name);
  auto& type = *info.mutable_type()->mutable_tensor_type();
  type.set_elem_type(TensorProto::FLOAT);
  type.mutable_shape()->add_dim()->set_dim_param(symbol);
  type.mutable_shape()->add_dim()->set_dim_value(value);
  type.mutable_shape()->add_dim();
}

void set_subgraph(onnx::GraphProto& graph, const char* name) {
  graph.set_name(name);
  auto& node = *graph.add_node();
  node.set_op_type("Identity");
  node.add_input("x");
  node.add_output(name);
  set_type(*graph.add_output(), name, "n", 2);
}

void add_every_attribute(onnx::NodeProto& node) {
  add_attribute(node, "f", AttributeProto::FLOAT).set_f(0);
  add_attribute(node, "i", AttributeProto::INT).set_i(-1);
  add_attribute(node, "s", AttributeProto::STRING).set_s(std::string("a\0b", 3));
  auto& tensor = *add_attribute(node, "t", AttributeProto::TENSOR).mutable_t();
  set_tensor(tensor, "inner", TensorProto::FLOAT);
  tensor.add_float_data(1.5f);
  tensor.add_float_data(-0.0f);
  set_subgraph(*add_attribute(node, "g", AttributeProto::GRAPH).mutable_g(), "one");
  auto& floats = add_attribute(node, "floats", AttributeProto::FLOATS);
  floats.add_floats(1e-30f);
  floats.add_floats(3);
  auto& ints = add_attribute(node, "ints", AttributeProto::INTS);
  for (const int64_t value : {INT64_MIN, int64_t{0}, INT64_MAX}) ints.add_ints(value);
  add_attribute(node, "no_ints", AttributeProto::INTS);
  auto& strings = add_attribute(node, "strings", AttributeProto::STRINGS);
  strings.add_strings("");
  strings.add_strings("ab");
  set_tensor(*add_attribute(node, "tensors", AttributeProto::TENSORS).add_tensors(), "a", TensorProto::INT8);
  auto& graphs = add_attribute(node, "graphs", AttributeProto::GRAPHS);
  set_subgraph(*graphs.add_graphs(), "two");
  set_subgraph(*graphs.add_graphs(), "three");
  auto& ref = add_attribute(node, "ref", AttributeProto::FLOAT);
  ref.set_ref_attr_name("epsilon");
  ref.set_doc_string("taken from the call");
  auto& type = *add_attribute(node, "type", AttributeProto::TYPE_PROTO).mutable_tp();
  type.mutable_tensor_type()->set_elem_type(TensorProto::INT64);
}

void add_every_tensor(onnx::GraphProto& graph) {
  const auto add = [&](const char* name, TensorProto::DataType type) -> TensorProto& {
    auto& tensor = *graph.add_initializer();
    set_tensor(tensor, name, type);
    return tensor;
  };
  for (const auto type :
       {TensorProto::INT32, TensorProto::INT16, TensorProto::UINT16, TensorProto::INT8, TensorProto::UINT8,
        TensorProto::BOOL, TensorProto::FLOAT16, TensorProto::BFLOAT16}) {
    auto& tensor = add("int32_data", type);
    tensor.add_int32_data(type == TensorProto::INT16 || type == TensorProto::INT8 ? -2 : 1);
    tensor.add_int32_data(type == TensorProto::BOOL ? 0 : 97);
  }
  add("float_data", TensorProto::FLOAT).add_float_data(2.5f);
  add("complex64", TensorProto::COMPLEX64).add_float_data(-2.5f);
  add("int64_data", TensorProto::INT64).add_int64_data(-5'000'000'000);
  add("double_data", TensorProto::DOUBLE).add_double_data(1e300);
  add("complex128", TensorProto::COMPLEX128).add_double_data(1e-300);
  add("uint64_data", TensorProto::UINT64).add_uint64_data(UINT64_MAX);
  add("uint32_data", TensorProto::UINT32).add_uint64_data(0xfffffffe);
  add("string_data", TensorProto::STRING).add_string_data("text");
  add("raw", TensorProto::FLOAT16).set_raw_data("abcd");
  auto& external = add("external", TensorProto::BFLOAT16);
  external.set_data_location(TensorProto::EXTERNAL);
  for (const auto& [key, value] :
       {std::pair{"location", "model-00001-of-00002.safetensors"}, std::pair{"offset", "12345678901"},
        std::pair{"length", "4"}, std::pair{"checksum", "0badf00d"}}) {
    auto& entry = *external.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
  auto& segment = *add("segment", TensorProto::FLOAT).mutable_segment();
  segment.set_begin(1);
  segment.set_end(2);
}

}  // namespace

onnx::ModelProto model_with_everything() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.set_producer_name("test");
  model.set_producer_version("1");
  model.set_domain("org.example");
  model.set_model_version(7);
  model.set_doc_string("everything");
  for (const char* domain : {"", "tessera"}) {
    auto& opset = *model.add_opset_import();
    opset.set_domain(domain);
    opset.set_version(*domain == 0 ? 17 : 1);
  }
  auto& entry = *model.add_metadata_props();
  entry.set_key("tessera.task");
  entry.set_value("causal-lm");

  auto& graph = *model.mutable_graph();
  graph.set_name("main");
  graph.set_doc_string("graph");
  set_type(*graph.add_input(), "x", "batch", 3);
  set_type(*graph.add_output(), "y", "batch", 0);
  set_type(*graph.add_value_info(), "h", "batch", INT64_MAX);
  auto& image = *graph.add_value_info();
  set_type(image, "image", "batch", 3);
  image.mutable_type()->set_denotation("IMAGE");
  image.mutable_type()->mutable_tensor_type()->mutable_shape()->mutable_dim(0)->set_denotation("DATA_BATCH");
  graph.add_value_info()->set_name("untyped");
  auto& scalar = *graph.add_value_info();
  scalar.set_name("scalar");
  scalar.mutable_type()->mutable_tensor_type()->set_elem_type(TensorProto::INT64);
  scalar.mutable_type()->mutable_tensor_type()->mutable_shape();
  auto& sequence = *graph.add_value_info();
  sequence.set_name("sequence");
  sequence.mutable_type()->mutable_sequence_type()->mutable_elem_type()->mutable_tensor_type()->set_elem_type(
      1);

  auto& node = *graph.add_node();
  node.set_op_type("Everything");
  node.set_domain("tessera");
  node.set_name("layers.0/everything");
  node.set_doc_string("plugin=test");
  for (const char* input : {"x", "", "h"}) node.add_input(input);
  node.add_output("y");
  add_every_attribute(node);
  auto& choice = *graph.add_node();
  choice.set_op_type("If");
  choice.add_input("c");
  choice.add_output("y2");
  set_subgraph(*add_attribute(choice, "then_branch", AttributeProto::GRAPH).mutable_g(), "then");
  auto& otherwise = *add_attribute(choice, "else_branch", AttributeProto::GRAPH).mutable_g();
  set_subgraph(otherwise, "else");
  auto& loop = *otherwise.add_node();
  loop.set_op_type("Loop");
  set_subgraph(*add_attribute(loop, "body", AttributeProto::GRAPH).mutable_g(), "body");
  add_every_tensor(graph);
  auto& sparse = *graph.add_sparse_initializer();
  set_tensor(*sparse.mutable_values(), "sparse", TensorProto::FLOAT);
  graph.add_quantization_annotation()->set_tensor_name("h");

  auto& function = *model.add_functions();
  function.set_name("Everything");
  function.set_domain("tessera");
  function.set_doc_string("function");
  function.add_input("x");
  function.add_output("y");
  function.add_attribute("epsilon");
  auto& opset = *function.add_opset_import();
  opset.set_domain("");
  opset.set_version(17);
  add_every_attribute(*function.add_node());
  model.add_training_info()->mutable_algorithm()->set_name("training");
  return model;
}

onnx::ModelProto parse(std::string_view bytes) {
  onnx::ModelProto model;
  EXPECT_TRUE(model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
  return model;
}

void normalise(onnx::ModelProto& model) {
  drop_empty_doc_string(model);
  if (model.producer_name().empty()) model.clear_producer_name();
  if (model.producer_version().empty()) model.clear_producer_version();
  if (model.domain().empty()) model.clear_domain();
  if (model.model_version() == 0) model.clear_model_version();
  for (auto& opset : *model.mutable_opset_import()) normalise_opset(opset);
  normalise(*model.mutable_graph());
  for (auto& function : *model.mutable_functions()) {
    drop_empty_doc_string(function);
    for (auto& node : *function.mutable_node()) normalise(node);
    for (auto& opset : *function.mutable_opset_import()) normalise_opset(opset);
  }
}

std::string normal_bytes(onnx::ModelProto model) {
  normalise(model);
  return model.SerializeAsString();
}

}  // namespace tessera::graph
