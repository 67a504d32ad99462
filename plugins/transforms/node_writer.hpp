/// Writes the nodes that a pass puts in the place of others: names under one path, provenance, declared
/// types.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/tensor.hpp"

namespace tessera::transforms {

using Shape = std::vector<graph::Dimension>;

/// Collects nodes; the caller puts `take()` where they belong. Values have the names of the nodes that make
/// them, and each is declared in the graph's value_info at once. `model` and `names` outlive the writer.
class NodeWriter {
 public:
  /// Nodes are named "<path>/<name>" (only "<name>" for an empty path) and bear `doc_string`, which has the
  /// pass's mark already.
  NodeWriter(graph::Model& model, graph::FreshNames& names, std::string path, std::string doc_string)
      : model_(model), names_(names), path_(std::move(path)), doc_string_(std::move(doc_string)) {}

  /// A standard operator with one output; returns the output's name.
  std::string op(std::string_view name, std::string op_type, std::vector<std::string> inputs,
                 std::vector<graph::Attribute> attributes, graph::DataType dtype, Shape shape) {
    return call(name, "", std::move(op_type), std::move(inputs), std::move(attributes), dtype,
                std::move(shape));
  }
  std::string call(std::string_view name, std::string domain, std::string op_type,
                   std::vector<std::string> inputs, std::vector<graph::Attribute> attributes,
                   graph::DataType dtype, Shape shape) {
    graph::Node& node =
        add(name, std::move(domain), std::move(op_type), std::move(inputs), std::move(attributes));
    node.outputs = {names_.value(node.name)};
    model_.graph.value_info.push_back(graph::tensor_value(node.outputs[0], dtype, std::move(shape)));
    return node.outputs[0];
  }
  /// The same for a value that has a name and a type already: what the replaced node made, an output.
  void op_into(const std::string& value, std::string_view name, std::string domain, std::string op_type,
               std::vector<std::string> inputs, std::vector<graph::Attribute> attributes) {
    add(name, std::move(domain), std::move(op_type), std::move(inputs), std::move(attributes)).outputs = {
        value};
  }

  std::string integer(std::string_view name, int64_t value) {
    return op(name, "Constant", {}, {graph::tensor_attribute("value", graph::int64_tensor("", {}, {value}))},
              graph::DataType::kInt64, {});
  }
  std::string integers(std::string_view name, const std::vector<int64_t>& values) {
    const auto count = static_cast<int64_t>(values.size());
    return op(name, "Constant", {},
              {graph::tensor_attribute("value", graph::int64_tensor("", {count}, values))},
              graph::DataType::kInt64, {graph::fixed_dim(count)});
  }
  std::string scalar(std::string_view name, float value) {
    return op(name, "Constant", {}, {graph::tensor_attribute("value", graph::float_tensor("", {}, {value}))},
              graph::DataType::kFloat, {});
  }
  /// Axes of length 1 put in: `shape` is that of the result.
  std::string unsqueeze(std::string_view name, const std::string& input, const std::vector<int64_t>& axes,
                        graph::DataType dtype, Shape shape) {
    const std::string list = integers(std::string(name) + "_axes", axes);
    return op(name, "Unsqueeze", {input, list}, {}, dtype, std::move(shape));
  }
  /// Dimension `axis` of `input` as a scalar int64.
  std::string dimension(std::string_view name, const std::string& input, int64_t rank, int64_t axis) {
    const std::string prefix(name);
    const std::string shape =
        op(prefix + "_shape", "Shape", {input}, {}, graph::DataType::kInt64, {graph::fixed_dim(rank)});
    return op(name, "Gather", {shape, integer(prefix + "_axis", axis)}, {graph::int_attribute("axis", 0)},
              graph::DataType::kInt64, {});
  }

  /// The largest elements of the last axis, descending, and their indices; `shape` is that of both.
  std::pair<std::string, std::string> top_k(std::string_view name, const std::string& input,
                                            const std::string& count, const Shape& shape) {
    const std::string values = op(name, "TopK", {input, count}, {}, graph::DataType::kFloat, shape);
    graph::Node& node = nodes_.back();
    node.outputs.push_back(names_.value(node.name + "_indices"));
    model_.graph.value_info.push_back(graph::tensor_value(node.outputs[1], graph::DataType::kInt64, shape));
    return {values, node.outputs[1]};
  }

  std::vector<graph::Node> take() { return std::move(nodes_); }

 private:
  graph::Node& add(std::string_view name, std::string domain, std::string op_type,
                   std::vector<std::string> inputs, std::vector<graph::Attribute> attributes) {
    graph::Node& node = nodes_.emplace_back();
    node.name = names_.node(path_.empty() ? std::string(name) : path_ + "/" + std::string(name));
    node.domain = std::move(domain);
    node.op_type = std::move(op_type);
    node.inputs = std::move(inputs);
    node.attributes = std::move(attributes);
    node.doc_string = doc_string_;
    return node;
  }

  graph::Model& model_;
  graph::FreshNames& names_;
  std::string path_, doc_string_;
  std::vector<graph::Node> nodes_;
};

/// `doc_string` of the node that is replaced, with the mark of the pass.
inline std::string with_pass(std::string doc_string, std::string_view pass) {
  graph::append_pass(doc_string, pass);
  return doc_string;
}

}  // namespace tessera::transforms
