/// The inliner behind inline_functions (inline.hpp).
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/separate.hpp"
#include "tessera/sdk/tensor.hpp"

namespace tessera::graph {

namespace inlining {

/// Nested functions can double the graph at each level; a model that grows beyond this is not meant
/// seriously.
inline constexpr size_t kMaxNodes = 250'000;
inline constexpr size_t kMaxDepth = 100;

using Renaming = std::unordered_map<std::string, std::string>;

class Inliner {
 public:
  Inliner(Model& model, const KeepFunction& keep) : model_(model) {
    for (const Function& function : model.functions) {
      const std::string key = function_key(function.domain, function.name);
      if (!functions_.emplace(key, Entry{&function, keep && keep(function)}).second) {
        throw Error(ErrorCode::kInvalidArgument, "the model has two functions '" + key + "'").key(key);
      }
    }
  }

  size_t run() {
    for_each_definition(model_.graph, [this](const std::string& name) { taken_.insert(name); });
    imports_ = &model_.opset_imports;
    inline_nodes(model_.graph.nodes);
    // Bodies of kept functions are scopes of their own. They are written to copies: the originals are still
    // read.
    std::vector<Function> kept;
    for (const Function& function : model_.functions) {
      if (functions_.at(function_key(function.domain, function.name)).keep) kept.push_back(function);
    }
    for (Function& function : kept) {
      taken_.clear();
      suffixes_.clear();
      for (const std::string& input : function.inputs) taken_.insert(input);
      for (const Node& node : function.nodes) take_definitions(node);
      imports_ = &function.opset_imports;
      path_.push_back(function_key(function.domain, function.name));
      inline_nodes(function.nodes);
      path_.pop_back();
    }
    const std::vector<Function> before = std::move(model_.functions);
    model_.functions = std::move(kept);
    remove_unused_functions(model_);
    remove_imports_of_gone_domains(before);
    return calls_;
  }

 private:
  struct Entry {
    const Function* function;
    bool keep;
  };

  void take_definitions(const Node& node) {
    for (const std::string& output : node.outputs) taken_.insert(output);
    for (const Attribute& attribute : node.attributes) {
      for (const Graph& inner : attribute.graphs) {
        for_each_definition(inner, [this](const std::string& name) { taken_.insert(name); });
      }
    }
  }

  /// The function whose body replaces `node`, or null when the node stays.
  const Function* callee(const Node& node) const {
    const auto found = functions_.find(function_key(node.domain, node.op_type));
    return found == functions_.end() || found->second.keep ? nullptr : found->second.function;
  }

  void inline_nodes(std::vector<Node>& nodes) {
    std::vector<Node> result;
    result.reserve(nodes.size());
    for (Node& node : nodes) place(std::move(node), result);
    nodes = std::move(result);
  }

  void place(Node node, std::vector<Node>& result) {
    for (Attribute& attribute : node.attributes) {
      for (Graph& inner : attribute.graphs) inline_nodes(inner.nodes);
    }
    const Function* function = callee(node);
    placed_ += 1;
    if (placed_ + (function ? inlined_nodes(*function, 0) : 0) > kMaxNodes || path_.size() > kMaxDepth) {
      throw Error(ErrorCode::kInvalidArgument, "functions are nested too deep: inlining makes more than " +
                                                   std::to_string(kMaxNodes) + " nodes or " +
                                                   std::to_string(kMaxDepth) + " levels")
          .node(describe(node));
    }
    if (function) {
      expand(node, *function, result);
      return;
    }
    result.push_back(std::move(node));
  }

  /// How many nodes a call of `function` makes, known before the first is made; more than kMaxNodes is
  /// kMaxNodes + 1. A function within itself counts nothing here: enter() refuses it by name.
  size_t inlined_nodes(const Function& function, size_t depth) {
    if (depth > kMaxDepth) return kMaxNodes + 1;
    const auto [known, is_new] = inlined_nodes_.try_emplace(&function, 0);
    if (!is_new) return known->second;
    const size_t count = inlined_nodes(function.nodes, depth);
    return inlined_nodes_[&function] = count;
  }

  size_t inlined_nodes(const std::vector<Node>& nodes, size_t depth) {
    size_t count = nodes.size();
    for (const Node& node : nodes) {
      if (const Function* function = callee(node)) count += inlined_nodes(*function, depth + 1);
      for (const Attribute& attribute : node.attributes) {
        for (const Graph& inner : attribute.graphs) count += inlined_nodes(inner.nodes, depth + 1);
      }
      if (count > kMaxNodes) return kMaxNodes + 1;
    }
    return count;
  }

  void expand(const Node& call, const Function& function, std::vector<Node>& result) {
    enter(call, function);
    Renaming names = bind_inputs(call, function);
    std::vector<Node> copies_of_inputs = bind_outputs(call, function, names);
    for (const Node& inner : function.nodes) {
      for (const std::string& output : inner.outputs) define(call, function, output, names);
    }
    for (const Node& inner : function.nodes) place(instantiate(call, inner, names), result);
    for (Node& copy : copies_of_inputs) place(std::move(copy), result);
    path_.pop_back();
    ++calls_;
  }

  void enter(const Node& call, const Function& function) {
    std::string key = function_key(function.domain, function.name);
    if (std::find(path_.begin(), path_.end(), key) != path_.end()) {
      std::string cycle;
      for (const std::string& step : path_) cycle += step + " -> ";
      throw Error(ErrorCode::kInvalidArgument, "a function calls itself: " + cycle + key)
          .node(describe(call));
    }
    if (call.inputs.size() > function.inputs.size() || call.outputs.size() > function.outputs.size()) {
      throw Error(ErrorCode::kInvalidArgument, "the call has " + std::to_string(call.inputs.size()) +
                                                   " inputs and " + std::to_string(call.outputs.size()) +
                                                   " outputs, function '" + qualified_op(call) + "' has " +
                                                   std::to_string(function.inputs.size()) + " and " +
                                                   std::to_string(function.outputs.size()))
          .node(describe(call));
    }
    for (const OpsetId& opset : function.opset_imports) {
      try {
        import_opset(*imports_, opset);
      } catch (Error& error) {
        error.add_node(describe(call));
        throw;
      }
    }
    path_.push_back(std::move(key));
  }

  /// An omitted input is "" in the body too.
  static Renaming bind_inputs(const Node& call, const Function& function) {
    Renaming names;
    names.emplace("", "");
    for (size_t i = 0; i < function.inputs.size(); ++i) {
      names[function.inputs[i]] = i < call.inputs.size() ? call.inputs[i] : std::string();
    }
    return names;
  }

  /// Outputs take the call's names. One that is also an input of the function, or is listed twice, has a name
  /// already: then a copy is needed, and its node is returned.
  std::vector<Node> bind_outputs(const Node& call, const Function& function, Renaming& names) {
    std::vector<Node> copies;
    for (size_t i = 0; i < call.outputs.size(); ++i) {
      if (call.outputs[i].empty()) continue;
      const auto [bound, is_new] = names.emplace(function.outputs[i], call.outputs[i]);
      if (is_new) continue;
      if (bound->second.empty()) {
        throw Error(ErrorCode::kInvalidArgument,
                    "output '" + call.outputs[i] + "' is an omitted input of '" + qualified_op(call) + "'")
            .node(describe(call));
      }
      Node copy;
      copy.op_type = "Identity";
      copy.name = inner_name(call, function.outputs[i]);
      copy.inputs = {bound->second};
      copy.outputs = {call.outputs[i]};
      copy.doc_string = call.doc_string;
      copies.push_back(std::move(copy));
    }
    return copies;
  }

  /// A value made in the body: a new name, unless it is an output of the call.
  void define(const Node& call, const Function& function, const std::string& inner, Renaming& names) {
    const std::vector<std::string>& inputs = function.inputs;
    if (!inner.empty() && std::find(inputs.begin(), inputs.end(), inner) != inputs.end()) {
      throw Error(ErrorCode::kInvalidArgument,
                  "the body of '" + qualified_op(call) + "' writes its own input '" + inner + "'")
          .node(describe(call));
    }
    if (names.count(inner)) return;
    names.emplace(inner, fresh(inner_name(call, inner)));
  }

  static std::string inner_name(const Node& call, const std::string& inner) {
    const std::string& prefix = !call.name.empty() || call.outputs.empty() ? call.name : call.outputs[0];
    return prefix + "/" + inner;
  }

  std::string fresh(const std::string& wish) {
    if (taken_.insert(wish).second) return wish;
    // The count goes on where it stopped: a thousand nameless calls of one function stay linear.
    size_t& count = suffixes_[wish];
    std::string name;
    do {
      name = wish + "_" + std::to_string(++count);
    } while (!taken_.insert(name).second);
    return name;
  }

  Node instantiate(const Node& call, const Node& inner, const Renaming& names) {
    Node node;
    node.op_type = inner.op_type;
    node.domain = inner.domain;
    node.name = inner_name(call, inner.name.empty() ? inner.op_type : inner.name);
    node.doc_string = call.doc_string;
    node.unknown_fields = inner.unknown_fields;
    for (const std::string& input : inner.inputs) node.inputs.push_back(renamed(call, input, names));
    for (const std::string& output : inner.outputs) node.outputs.push_back(names.at(output));
    node.attributes.reserve(inner.attributes.size());
    for (const Attribute& attribute : inner.attributes) {
      node.attributes.push_back(instantiate(call, attribute, names));
    }
    return node;
  }

  /// A reference to an attribute of the function becomes the value that the call gives.
  Attribute instantiate(const Node& call, const Attribute& inner, const Renaming& names) {
    if (!inner.ref_attr_name.empty()) {
      const Attribute* given = find_attribute(call, inner.ref_attr_name);
      if (!given) {
        throw Error(ErrorCode::kInvalidArgument,
                    "attribute '" + inner.ref_attr_name + "' of '" + qualified_op(call) + "' is missing")
            .node(describe(call))
            .remedy("write every attribute at every call");
      }
      if (inner.type != AttributeType::kUndefined && given->type != inner.type) {
        throw Error(ErrorCode::kInvalidArgument, "attribute '" + inner.ref_attr_name + "' of '" +
                                                     qualified_op(call) + "' has the wrong type")
            .node(describe(call));
      }
      Attribute value = *given;
      value.name = inner.name;
      return number_as_tensor(std::move(value));
    }
    Attribute copy = inner;
    for (Graph& graph : copy.graphs) instantiate(call, graph, names);
    return copy;
  }

  /// A Constant's number as a `value` tensor: only that spelling carries through ONNX 1.12's data
  /// propagation, without which every Reshape to a number of heads would lose its shape. The names
  /// `value_int` and `value_float` are Constant's alone.
  static Attribute number_as_tensor(Attribute value) {
    if (value.name == "value_int" && value.type == AttributeType::kInt) {
      return tensor_attribute("value", int64_tensor("", {}, {value.i}));
    }
    if (value.name == "value_float" && value.type == AttributeType::kFloat) {
      return tensor_attribute("value", float_tensor("", {}, {value.f}));
    }
    return value;
  }

  /// A subgraph of the body: its own values get new names, those of the function their bound ones.
  void instantiate(const Node& call, Graph& graph, Renaming names) {
    const auto redefine = [&](std::string& name) {
      if (name.empty()) return;
      names[name] = fresh(inner_name(call, name));
      name = names[name];
    };
    for (Tensor& initializer : graph.initializers) redefine(initializer.name);
    for (ValueInfo& input : graph.inputs) {
      const auto known = names.find(input.name);  // an input may be an initializer's default
      const bool is_initializer = known != names.end() && has_initializer(graph, known->second);
      if (is_initializer) {
        input.name = known->second;
      } else {
        redefine(input.name);
      }
    }
    for (const Node& node : graph.nodes) {
      for (std::string output : node.outputs) redefine(output);
    }
    for (Node& node : graph.nodes) node = instantiate(call, node, names);
    for (ValueInfo& output : graph.outputs) output.name = renamed(call, output.name, names);
    for (ValueInfo& info : graph.value_info) {
      const auto known = names.find(info.name);
      if (known != names.end()) info.name = known->second;
    }
  }

  static bool has_initializer(const Graph& graph, const std::string& name) {
    return std::any_of(graph.initializers.begin(), graph.initializers.end(),
                       [&](const Tensor& initializer) { return initializer.name == name; });
  }

  static const std::string& renamed(const Node& call, const std::string& name, const Renaming& names) {
    const auto found = names.find(name);
    if (found != names.end()) return found->second;
    throw Error(ErrorCode::kInvalidArgument,
                "the body of '" + qualified_op(call) + "' reads '" + name + "', which nothing in it makes")
        .node(describe(call));
  }

  /// A runtime that has never heard of domain `tessera` need not be told of it when none of its functions is
  /// left.
  void remove_imports_of_gone_domains(const std::vector<Function>& before) {
    std::unordered_set<std::string> used;
    for_each_node(model_.graph, [&](const Node& node) { used.insert(node.domain); });
    for (const Function& function : model_.functions) used.insert(function.domain);
    std::vector<OpsetId>& imports = model_.opset_imports;
    imports.erase(std::remove_if(imports.begin(), imports.end(),
                                 [&](const OpsetId& opset) {
                                   const bool had_functions = std::any_of(
                                       before.begin(), before.end(), [&](const Function& function) {
                                         return function.domain == opset.domain;
                                       });
                                   return had_functions && !opset.domain.empty() && !used.count(opset.domain);
                                 }),
                  imports.end());
  }

  Model& model_;
  std::vector<OpsetId>* imports_ = nullptr;  ///< of the scope being written
  std::unordered_map<std::string, Entry> functions_;
  std::unordered_set<std::string> taken_;  ///< value names of the scope being written
  std::unordered_map<std::string, size_t> suffixes_;
  std::vector<std::string> path_;  ///< functions being expanded, outermost first
  size_t placed_ = 0, calls_ = 0;
  std::unordered_map<const Function*, size_t> inlined_nodes_;  // see there
};

}  // namespace inlining

TESSERA_SDK_BODY size_t inline_functions(Model& model, const KeepFunction& keep) {
  return inlining::Inliner(model, keep).run();
}

}  // namespace tessera::graph
