#include "weight_nodes.hpp"

#include <iterator>
#include <unordered_set>
#include <utility>

#include "node_writer.hpp"
#include "tessera/sdk/weight_nodes.hpp"

namespace tessera::transforms {

using graph::Node;

namespace {

Shape fixed_shape(const std::vector<int64_t>& dims) {
  Shape shape;
  for (const int64_t dim : dims) shape.push_back(graph::fixed_dim(dim));
  return shape;
}

std::string plugin_of(const graph::Model& model) {
  if (model.graph.nodes.empty()) return {};
  return graph::read_provenance(model.graph.nodes.front().doc_string).plugin;
}

}  // namespace

WeightNodes::WeightNodes(graph::Model& model, std::string_view pass)
    : model_(model), names_(model.graph), doc_string_(with_pass("plugin=" + plugin_of(model), pass)) {
  for (const graph::Tensor& tensor : model.graph.initializers) {
    weights_.emplace(tensor.name, graph::tensor_value(tensor.name, tensor.dtype, fixed_shape(tensor.dims)));
    root_.emplace(tensor.name, tensor.name);
  }
  for (const Node& node : model.graph.nodes) {
    if (!graph::is_weight_node(node)) continue;
    const std::string& made = node.outputs.at(0);
    if (const graph::ValueInfo* known = graph::find_value(model.graph, made)) weights_.emplace(made, *known);
    root_.emplace(made, root_.at(node.inputs.at(0)));
  }
}

const graph::ValueInfo* WeightNodes::find(const std::string& weight) const {
  const auto found = weights_.find(weight);
  return found == weights_.end() ? nullptr : &found->second;
}

std::vector<WeightNodes::End> WeightNodes::ends() const {
  const graph::ValueIndex index(model_.graph);
  std::vector<End> ends;
  const auto add = [&](const std::string& value, const std::string& weight) {
    const graph::ValueInfo* info = find(value);
    bool read = false;
    for (const size_t reader : index.consumers(value))
      read = read || !graph::is_weight_node(model_.graph.nodes[reader]);
    if (!read || info == nullptr) return;
    End end{value, weight, info->dtype, {}};
    for (const graph::Dimension& dim : info->shape) end.dims.push_back(dim.value);
    ends.push_back(std::move(end));
  };
  std::unordered_set<std::string> outside;
  for (const graph::Tensor& tensor : model_.graph.initializers) {
    if (!tensor.external) continue;
    outside.insert(tensor.name);
    add(tensor.name, tensor.name);
  }
  for (const Node& node : model_.graph.nodes) {
    if (!graph::is_weight_node(node)) continue;
    const std::string& weight = root_.at(node.outputs.at(0));
    if (outside.count(weight) > 0) add(node.outputs.at(0), weight);
  }
  return ends;
}

std::string WeightNodes::add(const std::string& weight, const std::string& step, const std::string& op_type,
                             const std::vector<std::string>& more_inputs,
                             std::vector<graph::Attribute> attributes, graph::DataType dtype,
                             const std::vector<int64_t>& dims) {
  const std::string root = root_.at(weight);
  Node& node = nodes_.emplace_back();
  node.name = names_.node(graph::weight_node_name(root, step));
  node.op_type = op_type;
  node.inputs = {weight};
  node.inputs.insert(node.inputs.end(), more_inputs.begin(), more_inputs.end());
  node.attributes = std::move(attributes);
  node.doc_string = doc_string_;
  std::string made = names_.value(node.name);
  node.outputs = {made};
  const graph::ValueInfo value = graph::tensor_value(made, dtype, fixed_shape(dims));
  model_.graph.value_info.push_back(value);
  weights_.emplace(made, value);
  root_.emplace(made, root);
  return made;
}

std::string WeightNodes::add_inside(graph::Tensor tensor) {
  tensor.name = names_.value(tensor.name);
  model_.graph.initializers.push_back(std::move(tensor));
  return model_.graph.initializers.back().name;
}

void WeightNodes::finish() {
  std::vector<Node> known, others;
  for (Node& node : model_.graph.nodes) {
    if (graph::is_weight_node(node)) {
      known.push_back(std::move(node));
      continue;
    }
    for (std::string& input : node.inputs) {
      const auto found = replaced_.find(input);
      if (found != replaced_.end()) input = found->second;
    }
    others.push_back(std::move(node));
  }
  for (std::vector<Node>* more : {&nodes_, &others})
    known.insert(known.end(), std::make_move_iterator(more->begin()), std::make_move_iterator(more->end()));
  model_.graph.nodes = std::move(known);
}

}  // namespace tessera::transforms
