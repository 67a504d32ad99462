#include "core/graph/representative.hpp"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/wire/write_model.hpp"

namespace tessera::graph {
namespace {

/// Declared types by name, as text that two values share when their types are equal. "" for a type that is
/// not fully declared or whose values may be a shape.
class DeclaredTypes {
 public:
  explicit DeclaredTypes(const Graph& graph) {
    for (const std::vector<ValueInfo>* list : {&graph.inputs, &graph.value_info, &graph.outputs}) {
      for (const ValueInfo& info : *list) {
        infos_.emplace(info.name, &info);
        types_.emplace(info.name, type_of(info));
      }
    }
    for (const Tensor& tensor : graph.initializers) {
      ValueInfo info;
      info.dtype = tensor.dtype;
      info.has_shape = true;
      for (const int64_t dim : tensor.dims) info.shape.push_back(fixed_dim(dim));
      types_.insert_or_assign(tensor.name, type_of(info));
    }
  }

  const std::string& type(const std::string& name) const {
    static const std::string kUnknown;
    const auto found = types_.find(name);
    return found == types_.end() ? kUnknown : found->second;
  }

  const ValueInfo* info(const std::string& name) const {
    const auto found = infos_.find(name);
    return found == infos_.end() ? nullptr : found->second;
  }

 private:
  static std::string type_of(const ValueInfo& info) {
    const bool is_float = info.dtype == DataType::kFloat || info.dtype == DataType::kFloat16 ||
                          info.dtype == DataType::kBfloat16 || info.dtype == DataType::kDouble;
    const bool may_be_a_shape = !is_float && info.shape.size() < 2;
    if (info.dtype == DataType::kUndefined || !info.has_shape || may_be_a_shape) return {};
    std::string text = std::to_string(static_cast<int32_t>(info.dtype)) + '[';
    for (const Dimension& dim : info.shape) {
      if (dim.value < 0 && dim.symbol.empty()) return {};
      text += dim.value >= 0 ? std::to_string(dim.value) : dim.symbol;
      text += ',';
    }
    return text + ']';
  }

  std::unordered_map<std::string, const ValueInfo*> infos_;
  std::unordered_map<std::string, std::string> types_;
};

/// Equal for nodes of which one speaks for the other; "" for a node that speaks for itself only.
std::string signature(const Node& node, const DeclaredTypes& types) {
  Node form;
  form.op_type = node.op_type;
  form.domain = node.domain;
  for (const std::string& input : node.inputs) {
    form.inputs.push_back(input.empty() ? "omitted" : types.type(input));
    if (form.inputs.back().empty()) return {};
  }
  for (const std::string& output : node.outputs) {
    form.outputs.push_back(output.empty() ? "omitted" : types.type(output));
    if (form.outputs.back().empty()) return {};
  }
  for (const Attribute& attribute : node.attributes) {
    if (!attribute.graphs.empty()) return {};
    form.attributes.push_back(attribute);
  }
  std::string bytes;
  wire::MessageWriter writer(bytes);
  wire::write(writer, form);
  return bytes;
}

}  // namespace

Model representative(const Model& model) {
  const DeclaredTypes types(model.graph);
  Model small;
  small.ir_version = model.ir_version;
  small.opset_imports = model.opset_imports;
  small.functions = model.functions;
  small.graph.name = model.graph.name;
  small.graph.inputs = model.graph.inputs;
  small.graph.unknown_fields = model.graph.unknown_fields;

  std::unordered_set<std::string> seen, removed, used;
  for (const Node& node : model.graph.nodes) {
    std::string form = signature(node, types);
    const bool repeats = !form.empty() && !seen.insert(std::move(form)).second;
    if (!repeats) small.graph.nodes.push_back(node);
    for (const std::string& output : node.outputs) {
      if (repeats && !output.empty()) removed.insert(output);
    }
  }
  for (const Node& node : small.graph.nodes) {
    for_each_use(node, [&](const std::string& name) { used.insert(name); });
  }
  for (const std::string& name : removed) {
    if (used.count(name)) small.graph.inputs.push_back(*types.info(name));
  }
  for (const ValueInfo& output : model.graph.outputs) {
    if (!removed.count(output.name)) small.graph.outputs.push_back(output);
  }
  for (const ValueInfo& info : model.graph.value_info) {
    if (!removed.count(info.name)) small.graph.value_info.push_back(info);
  }
  for (const Tensor& tensor : model.graph.initializers) {
    if (used.count(tensor.name)) small.graph.initializers.push_back(tensor);
  }
  return small;
}

}  // namespace tessera::graph
