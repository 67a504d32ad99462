#include "onnx_judge.hpp"

#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <string>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::graph {
namespace {

onnx::ModelProto proto(const Model& model) {
  onnx::ModelProto proto;
  proto.ParseFromString(write_model(model));
  return proto;
}

// The checker wants the files of external data; a tensor without elements of its own stands for it.
void forget_external_data(onnx::ModelProto& model) {
  for (auto& tensor : *model.mutable_graph()->mutable_initializer()) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) continue;
    auto& input = *model.mutable_graph()->add_input();
    input.set_name(tensor.name());
    auto& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    for (const int64_t dim : tensor.dims()) type.mutable_shape()->add_dim()->set_dim_value(dim);
    type.mutable_shape();
  }
  auto& initializers = *model.mutable_graph()->mutable_initializer();
  for (int i = initializers.size(); i-- > 0;) {
    if (initializers[i].data_location() == onnx::TensorProto::EXTERNAL) initializers.DeleteSubrange(i, 1);
  }
}

// Inference names what it does not know "unk__3".
std::string symbol(const std::string& name) {
  return name.empty() || name.rfind("unk__", 0) == 0 ? "?" : name;
}

std::string type_text(const onnx::ValueInfoProto& info) {
  const auto& type = info.type().tensor_type();
  std::string text(dtype_name(static_cast<DataType>(type.elem_type())));
  if (!type.has_shape()) return text;
  text += '[';
  for (int i = 0; i < type.shape().dim_size(); ++i) {
    const auto& dim = type.shape().dim(i);
    if (i > 0) text += ',';
    text += dim.has_dim_value() ? std::to_string(dim.dim_value()) : symbol(dim.dim_param());
  }
  return text + ']';
}

}  // namespace

void check(const Model& model) {
  onnx::ModelProto proto = graph::proto(model);
  forget_external_data(proto);
  onnx::checker::check_model(proto);
}

std::map<std::string, std::string> infer_shapes(const Model& model) {
  Model inlined = model;
  inline_functions(inlined, [](const Function&) { return false; });
  onnx::ModelProto proto = graph::proto(inlined);
  forget_external_data(proto);
  const onnx::ShapeInferenceOptions strict(true, 1, true);  // check types, throw on error, propagate data
  onnx::shape_inference::InferShapes(proto, onnx::OpSchemaRegistry::Instance(), strict);
  std::map<std::string, std::string> types;
  for (const auto* list : {&proto.graph().input(), &proto.graph().value_info(), &proto.graph().output()}) {
    for (const auto& info : *list) types[info.name()] = type_text(info);
  }
  return types;
}

}  // namespace tessera::graph
