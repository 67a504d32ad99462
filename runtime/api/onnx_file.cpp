#include "runtime/api/onnx_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/checkpoint/mapped_file.hpp"
#include "core/graph/functions_check.hpp"
#include "core/graph/onnx_library.hpp"
#include "core/graph/weights_check.hpp"
#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera {
namespace {

using graph::DataType;
using graph::Model;
using graph::Node;

/// The ONNX library takes no later one; what a later one adds to a graph of opset 17 is documentation.
constexpr int64_t kNewestIrVersion = 8;
/// Weights up to this size stay in an outline: they may be shapes and axes.
constexpr size_t kSmallBytes = 4096;

void check_node(const Model& model, const Node& node) {
  const std::string_view domain = graph::normal_domain(node.domain);
  const bool of_onnx = domain.empty() || domain.rfind("ai.onnx.", 0) == 0;
  if (!of_onnx && graph::find_function(model, node) == nullptr) {
    throw Error(
        ErrorCode::kNotSupported,
        fmt::format("node '{}' is operator '{}' of domain '{}', which is neither ONNX's nor a function "
                    "of the model",
                    graph::describe(node), node.op_type, node.domain))
        .node(graph::describe(node))
        .remedy("export the model with standard operators, or with the function's body");
  }
  const int64_t version = graph::opset_version(model.opset_imports, domain);
  if (version == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("node '{}' is operator '{}' of domain '{}', of which the model imports no opset",
                            graph::describe(node), node.op_type, domain.empty() ? "ai.onnx" : domain))
        .node(graph::describe(node));
  }
  if (domain.empty() && version > kNewestOpset) {
    throw Error(ErrorCode::kNotSupported,
                fmt::format("node '{}' is operator '{}' of opset {}; up to {} is supported",
                            graph::describe(node), node.op_type, version, kNewestOpset))
        .node(graph::describe(node))
        .remedy(fmt::format("export the model with opset {}", kNewestOpset));
  }
}

/// All but the weights' bytes.
Model without_large_weights(const Model& model) {
  Model light;
  light.ir_version = std::min(model.ir_version, kNewestIrVersion);
  light.opset_imports = model.opset_imports;
  light.functions = model.functions;
  light.graph.name = model.graph.name.empty() ? "graph" : model.graph.name;
  light.graph.nodes = model.graph.nodes;
  light.graph.inputs = model.graph.inputs;
  light.graph.outputs = model.graph.outputs;
  light.graph.unknown_fields = model.graph.unknown_fields;
  for (const graph::Tensor& tensor : model.graph.initializers) {
    if (!tensor.external && tensor.raw_data.size() <= kSmallBytes) {
      light.graph.initializers.push_back(tensor);
    } else if (!graph::has_input(model.graph, tensor.name)) {
      std::vector<graph::Dimension> dims;
      for (const int64_t dim : tensor.dims) dims.push_back(graph::fixed_dim(dim));
      light.graph.inputs.push_back(graph::tensor_value(tensor.name, tensor.dtype, std::move(dims)));
    }
  }
  return light;
}

void check(const Model& model, const std::filesystem::path& folder) {
  graph::for_each_node(model.graph, [&](const Node& node) { check_node(model, node); });
  graph::check_functions(model);
  graph::check_weights(model, graph::file_sizes_in(folder));
  graph::OnnxComplaint complaint;
  if (graph::passes_onnx_checker(graph::write_model(without_large_weights(model)), complaint)) return;
  throw Error(ErrorCode::kInvalidArgument, "onnx checker: " + complaint.message).node(complaint.node);
}

graph::Tensor integers(std::string name, const std::vector<int64_t>& values) {
  graph::Tensor tensor;
  tensor.name = std::move(name);
  tensor.dtype = DataType::kInt64;
  tensor.dims = {static_cast<int64_t>(values.size())};
  tensor.raw_data.resize(values.size() * sizeof(int64_t));
  std::memcpy(tensor.raw_data.data(), values.data(), tensor.raw_data.size());
  return tensor;
}

Node node_of(const char* op_type, std::vector<std::string> inputs, const std::string& output,
             std::vector<graph::Attribute> attributes) {
  Node node;
  node.op_type = op_type;
  node.name = output;
  node.inputs = std::move(inputs);
  node.outputs = {output};
  node.attributes = std::move(attributes);
  return node;
}

}  // namespace

Model read_onnx_file(const std::filesystem::path& path) {
  try {
    const std::shared_ptr<const MappedFile> file = MappedFile::open(path);
    const std::span<const std::byte> bytes = file->bytes();
    Model model = graph::read_model({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (model.graph.nodes.empty() && model.graph.outputs.empty()) {
      throw Error(ErrorCode::kCorruptData, "the file holds no ONNX graph");
    }
    check(model, path.parent_path());
    return model;
  } catch (Error& error) {
    error.add_file(path.string());
    throw;
  }
}

Model outline_of(const Model& model) {
  Model light = without_large_weights(model);
  graph::inline_functions(light);
  return light;
}

std::vector<std::string> replace_outputs_by_shapes(Model& model, const std::vector<std::string>& values) {
  graph::Graph& graph = model.graph;
  graph::FreshNames names(graph);
  const std::string padding = names.value("shape_padding"), start = names.value("shape_start"),
                    end = names.value("shape_end");
  graph.initializers.push_back(
      integers(padding, std::vector<int64_t>(static_cast<size_t>(kShapeOutputLength), -1)));
  const bool slice_has_inputs = graph::opset_version(model.opset_imports, "") >= 10;
  if (slice_has_inputs) {
    graph.initializers.push_back(integers(start, {0}));
    graph.initializers.push_back(integers(end, {kShapeOutputLength}));
  }
  std::vector<std::string> outputs;
  graph.outputs.clear();
  for (const std::string& value : values) {
    const std::string shape = names.value("shape"), padded = names.value("shape_padded"),
                      cut = names.value("shape_cut");
    graph.nodes.push_back(node_of("Shape", {value}, shape, {}));
    graph.nodes.push_back(node_of("Concat", {shape, padding}, padded, {graph::int_attribute("axis", 0)}));
    graph.nodes.push_back(slice_has_inputs ? node_of("Slice", {padded, start, end}, cut, {})
                                           : node_of("Slice", {padded}, cut,
                                                     {graph::ints_attribute("starts", {0}),
                                                      graph::ints_attribute("ends", {kShapeOutputLength})}));
    graph.outputs.push_back(
        graph::tensor_value(cut, DataType::kInt64, {graph::fixed_dim(kShapeOutputLength)}));
    outputs.push_back(cut);
  }
  return outputs;
}

}  // namespace tessera
