#include "core/graph/onnx_library.hpp"

#include <onnx/checker.h>
#include <onnx/defs/schema.h>
#include <onnx/shape_inference/implementation.h>

#include <algorithm>
#include <exception>
#include <string>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::graph {
namespace {

onnx::ModelProto parse(std::string_view bytes) {
  onnx::ModelProto model;
  if (bytes.size() > kMaxModelBytes || !model.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    throw Error(ErrorCode::kCorruptData, "protobuf cannot read the model");
  }
  return model;
}

bool is_external(const onnx::TensorProto& tensor) {
  return tensor.data_location() == onnx::TensorProto::EXTERNAL;
}

void show_weights_as_inputs(onnx::GraphProto& graph) {
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    if (!is_external(tensor)) continue;
    const bool is_input =
        std::any_of(graph.input().begin(), graph.input().end(),
                    [&](const onnx::ValueInfoProto& input) { return input.name() == tensor.name(); });
    if (is_input) continue;
    onnx::ValueInfoProto& input = *graph.add_input();
    input.set_name(tensor.name());
    onnx::TypeProto::Tensor& type = *input.mutable_type()->mutable_tensor_type();
    type.set_elem_type(tensor.data_type());
    type.mutable_shape();  // a scalar has a shape, too
    for (const int64_t dim : tensor.dims()) type.mutable_shape()->add_dim()->set_dim_value(dim);
  }
  auto& initializers = *graph.mutable_initializer();
  initializers.erase(std::remove_if(initializers.begin(), initializers.end(), is_external),
                     initializers.end());
}

/// The words after the last of `marks` that occurs, up to one of `ends`.
std::string text_after(const std::string& text, const char* mark, const char* end) {
  const size_t at = text.find(mark);
  if (at == std::string::npos) return {};
  const size_t start = at + std::string_view(mark).size();
  return text.substr(start, text.find(end, start) - start);
}

/// The checker names nodes in two ways, shape inference in a third.
std::string node_of(const std::string& text) {
  std::string name = text_after(text, "node name: ", "): ");
  if (name.empty()) name = text_after(text, "Name: ", " OpType: ");
  if (name.empty()) name = text_after(text, "name: ", " OpType: ");
  return name;
}

std::string on_one_line(std::string text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == '\n' || c == ' ';
    if (blank && (line.empty() || line.back() == ' ')) continue;
    line += blank ? ' ' : c;
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == '.')) line.pop_back();
  return line;
}

template <typename Action>
bool passes(OnnxComplaint& complaint, const Action& action) {
  try {
    action();
    return true;
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // libonnx throws several types of its own
    complaint.node = node_of(error.what());
    complaint.message = on_one_line(error.what());
    return false;
  }
}

}  // namespace

bool passes_onnx_checker(std::string_view bytes, OnnxComplaint& complaint) {
  onnx::ModelProto model = parse(bytes);
  show_weights_as_inputs(*model.mutable_graph());
  return passes(complaint, [&] { onnx::checker::check_model(model); });
}

bool passes_shape_inference(const Model& inlined, OnnxComplaint& complaint) {
  onnx::ModelProto model = parse(write_model(inlined));
  show_weights_as_inputs(*model.mutable_graph());
  const onnx::ShapeInferenceOptions strict(/*check_type=*/true, /*strict_mode=*/1, /*data_prop=*/true);
  return passes(complaint, [&] {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), strict);
  });
}

std::vector<ValueInfo> infer_outputs(const Model& inlined) {
  Model untyped = inlined;  // what the graph declares of its own values is a claim that a file may get wrong
  untyped.graph.value_info.clear();
  for (ValueInfo& output : untyped.graph.outputs) {
    output.has_shape = false;
    output.shape.clear();
  }
  const std::string bytes = write_model(untyped);
  onnx::ModelProto model = parse(bytes);
  const onnx::ShapeInferenceOptions lenient(/*check_type=*/false, /*strict_mode=*/0, /*data_prop=*/true);
  OnnxComplaint ignored;
  const bool inferred = passes(ignored, [&] {
    onnx::shape_inference::InferShapes(model, onnx::OpSchemaRegistry::Instance(), lenient);
  });
  return inferred ? read_model(model.SerializeAsString()).graph.outputs : untyped.graph.outputs;
}

void warm_up_onnx() {
  onnx::OpSchemaRegistry::Instance()->GetSchema("Add", 17);
}

}  // namespace tessera::graph
