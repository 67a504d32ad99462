#include "half_results.hpp"

#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tessera/sdk/edit.hpp"

namespace tessera::qaic::standin {
namespace {

using graph::DataType;

/// Operators whose result may be a number that no input had. Of other ones nothing is known that would have
/// to be rounded.
const std::unordered_set<std::string_view>& arithmetic() {
  static const auto& names = *new std::unordered_set<std::string_view>{"Add",
                                                                       "Sub",
                                                                       "Mul",
                                                                       "Div",
                                                                       "Pow",
                                                                       "Mod",
                                                                       "Sum",
                                                                       "Mean",
                                                                       "MatMul",
                                                                       "Gemm",
                                                                       "Conv",
                                                                       "Einsum",
                                                                       "Softmax",
                                                                       "LogSoftmax",
                                                                       "Exp",
                                                                       "Log",
                                                                       "Sqrt",
                                                                       "Reciprocal",
                                                                       "Sin",
                                                                       "Cos",
                                                                       "Tan",
                                                                       "Tanh",
                                                                       "Erf",
                                                                       "Sigmoid",
                                                                       "Softplus",
                                                                       "Elu",
                                                                       "Selu",
                                                                       "Gelu",
                                                                       "LeakyRelu",
                                                                       "HardSigmoid",
                                                                       "HardSwish",
                                                                       "ReduceSum",
                                                                       "ReduceMean",
                                                                       "ReduceProd",
                                                                       "ReduceL1",
                                                                       "ReduceL2",
                                                                       "ReduceSumSquare",
                                                                       "ReduceLogSumExp",
                                                                       "CumSum",
                                                                       "Cast",
                                                                       "Constant",
                                                                       "ConstantOfShape",
                                                                       "Range",
                                                                       "Clip",
                                                                       "LayerNormalization",
                                                                       "BatchNormalization",
                                                                       "InstanceNormalization",
                                                                       "CustomRMSNorm"};
  return names;
}

bool in(std::string_view name, const std::unordered_set<std::string_view>& names) {
  return names.count(name) > 0;
}

bool gives_bools(std::string_view op) {
  static const auto& names = *new std::unordered_set<std::string_view>{
      "Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or",
      "Xor",   "Not",     "IsNaN",          "IsInf"};
  return in(op, names);
}

bool gives_int64(std::string_view op) {
  static const auto& names =
      *new std::unordered_set<std::string_view>{"Shape", "Size", "ArgMax", "ArgMin", "NonZero"};
  return in(op, names);
}

/// Element types of the values of a graph, in the order of its nodes.
class Types {
 public:
  explicit Types(const graph::Graph& graph) {
    for (const auto* list : {&graph.inputs, &graph.outputs, &graph.value_info})
      for (const graph::ValueInfo& info : *list)
        if (info.dtype != DataType::kUndefined) types_.emplace(info.name, info.dtype);
    for (const graph::Tensor& tensor : graph.initializers) types_[tensor.name] = tensor.dtype;
  }

  DataType of(const std::string& value) const {
    const auto type = types_.find(value);
    return type == types_.end() ? DataType::kUndefined : type->second;
  }
  /// Of the node's first output, whose inputs are known by now.
  DataType take(const graph::Node& node) {
    if (node.outputs.empty()) return DataType::kUndefined;
    return types_.try_emplace(node.outputs[0], result_of(node)).first->second;
  }

 private:
  DataType result_of(const graph::Node& node) const {
    if (gives_bools(node.op_type)) return DataType::kBool;
    if (gives_int64(node.op_type)) return DataType::kInt64;
    if (node.op_type == "Cast") return static_cast<DataType>(graph::int_of(node, "to"));
    if (node.op_type == "Constant" || node.op_type == "ConstantOfShape") {
      const graph::Attribute* value = graph::find_attribute(node, "value");
      if (value != nullptr && !value->tensors.empty()) return value->tensors[0].dtype;
      const bool floats = node.op_type == "ConstantOfShape" || graph::find_attribute(node, "value_float") ||
                          graph::find_attribute(node, "value_floats");
      return floats ? DataType::kFloat : DataType::kUndefined;
    }
    const size_t typed = node.op_type == "Where" ? 1 : node.op_type == "OneHot" ? 2 : 0;
    return typed < node.inputs.size() ? of(node.inputs[typed]) : DataType::kUndefined;
  }

  std::unordered_map<std::string, DataType> types_;
};

/// Widening loses nothing that was there.
bool widens(const graph::Node& node, const Types& types) {
  if (node.op_type != "Cast" || node.inputs.empty()) return false;
  const DataType from = types.of(node.inputs[0]);
  return from == DataType::kFloat || from == DataType::kFloat16 || from == DataType::kBool;
}

graph::Node cast(const graph::Node& of, std::string from, std::string to, DataType type,
                 const std::string& name) {
  graph::Node node;
  node.op_type = "Cast";
  node.name = name;
  node.doc_string = of.doc_string;
  node.inputs = {std::move(from)};
  node.outputs = {std::move(to)};
  graph::Attribute attribute;
  attribute.name = "to";
  attribute.type = graph::AttributeType::kInt;
  attribute.i = static_cast<int64_t>(type);
  node.attributes.push_back(std::move(attribute));
  return node;
}

}  // namespace

size_t round_results_to_half(graph::Model& model) {
  Types types(model.graph);
  graph::FreshNames names(model.graph);
  std::vector<graph::Node> nodes;
  size_t rounded = 0;
  for (graph::Node& node : model.graph.nodes) {
    const DataType type = types.take(node);
    const bool rounds = type == DataType::kFloat && in(node.op_type, arithmetic()) && !widens(node, types);
    nodes.push_back(std::move(node));
    if (!rounds) continue;
    graph::Node& made = nodes.back();
    const std::string result = made.outputs[0], exact = names.value(result + ".exact"),
                      half = names.value(result + ".half"), path = made.name;
    made.outputs[0] = exact;
    const graph::Node of = made;
    nodes.push_back(cast(of, exact, half, DataType::kFloat16, names.node(path + "/to_half")));
    nodes.push_back(cast(of, half, result, DataType::kFloat, names.node(path + "/from_half")));
    ++rounded;
  }
  model.graph.nodes = std::move(nodes);
  return rounded;
}

}  // namespace tessera::qaic::standin
