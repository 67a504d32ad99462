/// Writes the body of a function in standard operators, one line a node.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/tensor.hpp"

namespace tessera::graph::functions {

/// Builds one Function. Every node has a name, unique in the body, and its output bears the same name, so an
/// inlined body reads well: "layers.3/self_attn/attention/scores". Values are named by texts; the last nodes
/// name outputs.
class Body {
 public:
  Body(std::string name, std::vector<std::string> inputs, std::vector<std::string> outputs,
       std::vector<std::string> attributes, std::string meaning) {
    function_.name = std::move(name);
    function_.domain = "tessera";
    function_.inputs = std::move(inputs);
    function_.outputs = std::move(outputs);
    function_.attributes = std::move(attributes);
    function_.doc_string = std::move(meaning);
    function_.opset_imports.push_back({"", 17});
  }

  /// name = op_type(inputs)
  std::string op(const std::string& name, std::string op_type, std::vector<std::string> inputs,
                 std::vector<Attribute> attributes = {}) {
    return node(name, std::move(op_type), std::move(inputs), {name}, std::move(attributes)).outputs[0];
  }
  /// The two equal parts of `input` along `axis`.
  void halves(const std::string& name, const std::string& input, int64_t axis, const std::string& first,
              const std::string& second) {
    node(name, "Split", {input}, {first, second}, {int_attribute("axis", axis)});
  }

  /// Constants are `value` tensors: ONNX's shape inference forgets the other spellings inside a function.
  std::string scalar(const std::string& name, float value) {
    return op(name, "Constant", {}, {tensor_attribute("value", float_tensor("", {}, {value}))});
  }
  std::string integer(const std::string& name, int64_t value) {
    return op(name, "Constant", {}, {tensor_attribute("value", int64_tensor("", {}, {value}))});
  }
  std::string integers(const std::string& name, const std::vector<int64_t>& values) {
    const auto count = static_cast<int64_t>(values.size());
    return op(name, "Constant", {}, {tensor_attribute("value", int64_tensor("", {count}, values))});
  }
  /// The call's attribute `name` as a scalar value of that name: the one way a body can compute with it.
  std::string float_of_call(const std::string& name) {
    return op(name, "Constant", {}, {attribute_ref("value_float", AttributeType::kFloat, name)});
  }
  std::string int_of_call(const std::string& name) {
    return op(name, "Constant", {}, {attribute_ref("value_int", AttributeType::kInt, name)});
  }

  std::string to_float(const std::string& name, const std::string& input) {
    return op(name, "Cast", {input}, {int_attribute("to", static_cast<int64_t>(DataType::kFloat))});
  }
  /// `input` with axes of length 1 put in.
  std::string unsqueeze(const std::string& name, const std::string& input, const std::vector<int64_t>& axes) {
    return op(name, "Unsqueeze", {input, integers(name + "_axes", axes)});
  }
  /// Dimension `axis` of `input` as a vector of one element.
  std::string dimension(const std::string& name, const std::string& input, int64_t axis) {
    return op(name, "Shape", {input}, {int_attribute("start", axis), int_attribute("end", axis + 1)});
  }

  Function finish() && { return std::move(function_); }

 private:
  const Node& node(const std::string& name, std::string op_type, std::vector<std::string> inputs,
                   std::vector<std::string> outputs, std::vector<Attribute> attributes) {
    Node& node = function_.nodes.emplace_back();
    node.name = name;
    node.op_type = std::move(op_type);
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    node.attributes = std::move(attributes);
    return node;
  }

  Function function_;
};

}  // namespace tessera::graph::functions
