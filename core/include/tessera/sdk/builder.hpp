/// Builds the pure graph of an architecture: nodes with path names, provenance, and a declared type for each
/// value.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/functions.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/tensor.hpp"

namespace tessera::graph {

using Shape = std::vector<Dimension>;

inline Dimension known(int64_t value) {
  return Dimension{value, {}, {}};
}
inline Dimension symbol(std::string name) {
  return Dimension{-1, std::move(name), {}};
}

/// "[batch, seq, 64]", for messages.
inline std::string shape_text(const Shape& shape) {
  std::string text = "[";
  for (const Dimension& dimension : shape) {
    if (text.size() > 1) text += ", ";
    text += dimension.value >= 0 ? std::to_string(dimension.value)
                                 : (dimension.symbol.empty() ? "?" : dimension.symbol);
  }
  return text + ']';
}

/// A value of the graph under construction: its name and its type. Cheap to copy.
struct Value {
  std::string name;
  DataType dtype = DataType::kUndefined;
  Shape shape;

  /// Length of the last axis; -1 when it is not known.
  int64_t width() const { return shape.empty() ? -1 : shape.back().value; }
};

/// `shape` with another last axis.
inline Shape with_width(Shape shape, int64_t width) {
  if (!shape.empty()) shape.back() = known(width);
  return shape;
}

/// Collects a graph node by node. Names are paths: inside `auto layer = g.scope("layers.7")` a node "q_proj"
/// is "layers.7/q_proj", and so is its output. One thread.
///
/// What the builder refuses (an unknown function, a name given twice) is a mistake of the architecture's
/// code, never of a checkpoint: Error kInternal.
class GraphBuilder {
 public:
  /// `plugin` becomes every node's provenance: "plugin=llama".
  GraphBuilder(std::string_view plugin, std::string_view graph_name) : provenance_("plugin=") {
    provenance_ += plugin;
    model_.opset_imports = {{"", 17}};
    model_.producer_name = "tessera";
    model_.graph.name = graph_name;
  }

  /// Prefixes the names of what is built while it lives.
  class Scope {
   public:
    Scope(GraphBuilder& builder, std::string_view name) : path_(builder.path_), size_(builder.path_.size()) {
      path_.append(name).append("/");
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope() { path_.resize(size_); }

   private:
    std::string& path_;
    size_t size_;
  };
  [[nodiscard]] Scope scope(std::string_view name) { return Scope(*this, name); }

  /// Where we are: "layers.7/self_attn/"; empty outside of all scopes.
  const std::string& path() const { return path_; }

  // ---- graph inputs, outputs, initializers; their names are no paths

  Value input(std::string name, DataType dtype, Shape shape) {
    Value value = define({std::move(name), dtype, std::move(shape)});
    model_.graph.inputs.push_back(info(value));
    return value;
  }
  void output(const Value& value) {
    drop_value_info(value.name);
    model_.graph.outputs.push_back(info(value));
  }
  /// A tensor whose bytes stay in the checkpoint; the initializer has the tensor's name. Asking again for the
  /// same name gives the same initializer (tied weights).
  Value weight(std::string name, DataType dtype, const std::vector<int64_t>& dims, ExternalData where) {
    Value value{std::move(name), dtype, {}};
    for (const int64_t dim : dims) value.shape.push_back(known(dim));
    if (!weights_.insert(value.name).second) return value;
    Tensor tensor;
    tensor.name = define(value).name;
    tensor.dtype = dtype;
    tensor.dims = dims;
    tensor.external = std::make_unique<ExternalData>(std::move(where));
    model_.graph.initializers.push_back(std::move(tensor));
    return value;
  }
  /// A small table that lives in the model, "<path>/<name>".
  Value table(std::string_view name, const std::vector<float>& elements) {
    const auto count = static_cast<int64_t>(elements.size());
    Value value = define({path_ + std::string(name), DataType::kFloat, {known(count)}});
    model_.graph.initializers.push_back(float_tensor(value.name, {count}, elements));
    return value;
  }

  // ---- nodes

  /// A standard operator with one output.
  Value op(std::string_view name, std::string op_type, const std::vector<Value>& inputs,
           std::vector<Attribute> attributes, DataType dtype, Shape shape) {
    Node& node = add_node(name, std::move(op_type), "", inputs, std::move(attributes));
    Value value = define({node.name, dtype, std::move(shape)});
    node.outputs = {value.name};
    declare(value);
    return value;
  }
  Value add(std::string_view name, const Value& a, const Value& b) {
    return op(name, "Add", {a, b}, {}, a.dtype, a.shape);
  }

  /// The `count` equal parts of x along its last axis, each of known width; values "<name>/0", "<name>/1",
  /// ...
  std::vector<Value> split(std::string_view name, const Value& x, int64_t count) {
    Node& node = add_node(name, "Split", "", {x}, {int_attribute("axis", -1)});
    std::vector<Value> parts;
    for (int64_t i = 0; i < count; ++i) {
      Shape shape = x.shape;
      shape.back() = known(x.width() / count);
      parts.push_back(define({node.name + "/" + std::to_string(i), x.dtype, std::move(shape)}));
      node.outputs.push_back(parts.back().name);
      declare(parts.back());
    }
    return parts;
  }

  /// A function of domain `tessera`; its body goes into the model. All outputs are float, of these shapes.
  /// calls.hpp has one C++ function each, which know the shapes.
  std::vector<Value> call(std::string_view name, std::string_view function_name,
                          const std::vector<Value>& inputs, std::vector<Attribute> attributes,
                          const std::vector<Shape>& shapes) {
    const Function& function = used(function_name);
    check_call(function, inputs, attributes, shapes);
    Node& node = add_node(name, function.name, std::string(kFunctionDomain), inputs, std::move(attributes));
    std::vector<Value> values;
    for (size_t i = 0; i < shapes.size(); ++i) {
      const std::string suffix = shapes.size() == 1 ? std::string() : "/" + function.outputs[i];
      values.push_back(define({node.name + suffix, DataType::kFloat, shapes[i]}));
      node.outputs.push_back(values.back().name);
      declare(values.back());
    }
    return values;
  }

  /// Gives the value that the last node made a name that is no path: "hidden.3", "logits".
  Value rename(const Value& value, std::string name) {
    if (model_.graph.nodes.empty() ||
        model_.graph.nodes.back().outputs != std::vector<std::string>{value.name}) {
      throw mistake("'" + value.name + "' is not what the last node made, it cannot become '" + name + "'");
    }
    drop_value_info(value.name);
    Value renamed = define({std::move(name), value.dtype, value.shape});
    model_.graph.nodes.back().outputs = {renamed.name};
    declare(renamed);
    return renamed;
  }

  void metadata(std::string_view key, std::string value) {
    model_.metadata_props.emplace_back(key, std::move(value));
  }
  void metadata(std::string_view key, int64_t value) { metadata(key, std::to_string(value)); }

  /// The model: IR 8, opset 17, with the bodies of the functions used.
  Model finish() && {
    for (const Function& function : canonical_functions()) {
      if (functions_.count(function.name) > 0) model_.functions.push_back(function);
    }
    if (!model_.functions.empty()) {
      model_.opset_imports.push_back({std::string(kFunctionDomain), kFunctionDomainVersion});
    }
    return std::move(model_);
  }

 private:
  static Error mistake(const std::string& text) {
    return Error(ErrorCode::kInternal, "building a graph: " + text);
  }

  Value define(Value value) {
    if (!names_.insert(value.name).second) throw mistake("two values are named '" + value.name + "'");
    return value;
  }

  Node& add_node(std::string_view name, std::string op_type, std::string domain,
                 const std::vector<Value>& inputs, std::vector<Attribute> attributes) {
    Node& node = model_.graph.nodes.emplace_back();
    node.name = path_ + std::string(name);
    node.op_type = std::move(op_type);
    node.domain = std::move(domain);
    for (const Value& input : inputs) node.inputs.push_back(input.name);
    node.attributes = std::move(attributes);
    node.doc_string = provenance_;
    return node;
  }

  const Function& used(std::string_view name) {
    const Function* function = find_canonical(name);
    if (function == nullptr) throw mistake("domain 'tessera' has no function '" + std::string(name) + "'");
    functions_.insert(function->name);
    return *function;
  }

  static void check_call(const Function& function, const std::vector<Value>& inputs,
                         const std::vector<Attribute>& attributes, const std::vector<Shape>& shapes) {
    bool fits = inputs.size() == function.inputs.size() && shapes.size() == function.outputs.size() &&
                attributes.size() == function.attributes.size();
    for (const Attribute& attribute : attributes) {
      fits = fits && std::count(function.attributes.begin(), function.attributes.end(), attribute.name) == 1;
    }
    if (!fits)
      throw mistake("a call of '" + function.name + "' has other inputs, outputs or attributes than it");
  }

  static ValueInfo info(const Value& value) {
    ValueInfo info;
    info.name = value.name;
    info.dtype = value.dtype;
    info.has_shape = true;
    info.shape = value.shape;
    return info;
  }
  void declare(const Value& value) { model_.graph.value_info.push_back(info(value)); }
  /// Outputs and renamed values stand near the end of the list.
  void drop_value_info(const std::string& name) {
    std::vector<ValueInfo>& list = model_.graph.value_info;
    for (size_t i = list.size(); i-- > 0;) {
      if (list[i].name != name) continue;
      list.erase(list.begin() + static_cast<ptrdiff_t>(i));
      return;
    }
  }

  Model model_;
  std::string provenance_, path_;
  std::unordered_set<std::string> names_;      // of all values
  std::unordered_set<std::string> weights_;    // initializers from the checkpoint
  std::unordered_set<std::string> functions_;  // used so far
};

}  // namespace tessera::graph
