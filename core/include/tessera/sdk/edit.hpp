/// What a transform needs to look round in a graph and to change it: attributes, provenance, metadata, an
/// index of producers and consumers, fresh names, order.
///
/// All functions work on plain values of graph.hpp and keep no state; nothing here is thread-safe on one
/// object. Failures are `tessera::Error` with the node's or the key's name.
#pragma once

#include <charconv>
#include <cstddef>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tessera/sdk/error.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

inline constexpr std::string_view kTesseraDomain = "tessera";

/// "ai.onnx" is the long spelling of the default domain "".
inline std::string_view normal_domain(std::string_view domain) {
  return domain == "ai.onnx" ? std::string_view() : domain;
}

/// "tessera.RMSNorm"; operators of the default domain have no prefix: "Add".
inline std::string qualified_op(const Node& node) {
  const std::string_view domain = normal_domain(node.domain);
  return domain.empty() ? node.op_type : std::string(domain) + "." + node.op_type;
}

/// The node's name, or for a nameless node what else tells it apart: "Add -> hidden.1".
inline std::string describe(const Node& node) {
  if (!node.name.empty()) return node.name;
  return qualified_op(node) + " -> " + (node.outputs.empty() ? std::string("nothing") : node.outputs[0]);
}

/// True when `node` is an operator of domain `tessera` with this name.
inline bool is_tessera(const Node& node, std::string_view op_type) {
  return node.domain == kTesseraDomain && node.op_type == op_type;
}

// ---- walking
// ------------------------------------------------------------------------------------------------

/// Calls `visit(node)` for each node of `graph` and of the subgraphs in its attributes, a node before its
/// subgraphs.
template <typename Visit>
void for_each_node(const Graph& graph, const Visit& visit) {
  for (const Node& node : graph.nodes) {
    visit(node);
    for (const Attribute& attribute : node.attributes) {
      for (const Graph& inner : attribute.graphs) for_each_node(inner, visit);
    }
  }
}

/// Calls `visit(name)` for each value that `node` reads: its inputs, and what its subgraphs use (which
/// includes the subgraphs' own values; a caller that looks names up in the outer graph does not find those).
template <typename Visit>
void for_each_use(const Node& node, const Visit& visit) {
  for (const std::string& name : node.inputs) {
    if (!name.empty()) visit(name);
  }
  for (const Attribute& attribute : node.attributes) {
    for (const Graph& inner : attribute.graphs) {
      for (const Node& inner_node : inner.nodes) for_each_use(inner_node, visit);
      for (const ValueInfo& output : inner.outputs) visit(output.name);
    }
  }
}

/// Calls `visit(name)` for each value defined in `graph` or in a subgraph: inputs, initializers, outputs of
/// nodes.
template <typename Visit>
void for_each_definition(const Graph& graph, const Visit& visit) {
  for (const ValueInfo& input : graph.inputs) visit(input.name);
  for (const Tensor& initializer : graph.initializers) visit(initializer.name);
  for (const Node& node : graph.nodes) {
    for (const std::string& output : node.outputs) {
      if (!output.empty()) visit(output);
    }
    for (const Attribute& attribute : node.attributes) {
      for (const Graph& inner : attribute.graphs) for_each_definition(inner, visit);
    }
  }
}

// ---- attributes
// ---------------------------------------------------------------------------------------------

/// The attribute, or null. The pointer lives as long as the node's list of attributes is not changed.
inline const Attribute* find_attribute(const Node& node, std::string_view name) {
  for (const Attribute& attribute : node.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

/// The attribute; throws kInvalidArgument naming the node when it is missing, of another type, or a
/// reference.
inline const Attribute& attribute(const Node& node, std::string_view name, AttributeType type) {
  const std::string where = "attribute '" + std::string(name) + "' of '" + qualified_op(node) + "'";
  const Attribute* found = find_attribute(node, name);
  if (!found) throw Error(ErrorCode::kInvalidArgument, where + " is missing").node(describe(node));
  if (found->type != type || !found->ref_attr_name.empty()) {
    throw Error(ErrorCode::kInvalidArgument, where + " has the wrong type").node(describe(node));
  }
  return *found;
}

// Typed values; each throws as `attribute` does.
inline int64_t int_of(const Node& node, std::string_view name) {
  return attribute(node, name, AttributeType::kInt).i;
}
inline float float_of(const Node& node, std::string_view name) {
  return attribute(node, name, AttributeType::kFloat).f;
}
inline const std::string& string_of(const Node& node, std::string_view name) {
  return attribute(node, name, AttributeType::kString).s;
}
inline const std::vector<int64_t>& ints_of(const Node& node, std::string_view name) {
  return attribute(node, name, AttributeType::kInts).ints;
}
inline const std::vector<float>& floats_of(const Node& node, std::string_view name) {
  return attribute(node, name, AttributeType::kFloats).floats;
}
inline const Tensor& tensor_of(const Node& node, std::string_view name) {
  const Attribute& found = attribute(node, name, AttributeType::kTensor);
  if (found.tensors.size() != 1) {
    throw Error(ErrorCode::kCorruptData, "attribute '" + std::string(name) + "' holds no tensor")
        .node(describe(node));
  }
  return found.tensors[0];
}

/// Replaces the attribute of the same name or appends it.
inline void set_attribute(Node& node, Attribute value) {
  for (Attribute& attribute : node.attributes) {
    if (attribute.name == value.name) {
      attribute = std::move(value);
      return;
    }
  }
  node.attributes.push_back(std::move(value));
}

// ---- provenance
// ---------------------------------------------------------------------------------------------

/// Who made a node and which passes touched it, in order.
struct Provenance {
  std::string plugin;  ///< empty: not written
  std::vector<std::string> passes;
};

/// Reads "plugin=llama pass=kv-cache pass=slots"; other words are skipped.
inline Provenance read_provenance(std::string_view doc_string) {
  Provenance result;
  while (!doc_string.empty()) {
    const size_t space = doc_string.find(' ');
    const std::string_view word = doc_string.substr(0, space);
    if (word.substr(0, 7) == "plugin=") result.plugin = word.substr(7);
    if (word.substr(0, 5) == "pass=") result.passes.emplace_back(word.substr(5));
    doc_string = space == std::string_view::npos ? std::string_view() : doc_string.substr(space + 1);
  }
  return result;
}

/// Appends " pass=<pass>" unless this pass was the last to write.
inline void append_pass(std::string& doc_string, std::string_view pass) {
  const Provenance known = read_provenance(doc_string);
  if (!known.passes.empty() && known.passes.back() == pass) return;
  if (!doc_string.empty()) doc_string += ' ';
  doc_string += "pass=";
  doc_string += pass;
}

inline void append_pass(Node& node, std::string_view pass) {
  append_pass(node.doc_string, pass);
}

// ---- metadata
// -----------------------------------------------------------------------------------------------

/// The value of a key of `metadata_props`, or null.
inline const std::string* find_metadata(const Model& model, std::string_view key) {
  for (const auto& [name, value] : model.metadata_props) {
    if (name == key) return &value;
  }
  return nullptr;
}

/// The value as a decimal number; throws kInvalidArgument naming the key when it is missing or no number.
inline int64_t metadata_int(const Model& model, std::string_view key) {
  const std::string* text = find_metadata(model, key);
  if (!text) throw Error(ErrorCode::kInvalidArgument, "the model's metadata lacks this key").key(key);
  int64_t value = 0;
  const char* end = text->data() + text->size();
  const auto [stop, status] = std::from_chars(text->data(), end, value);
  if (status != std::errc() || stop != end) {
    throw Error(ErrorCode::kInvalidArgument, "metadata '" + *text + "' is no whole number").key(key);
  }
  return value;
}

/// Replaces the value or appends the key.
inline void set_metadata(Model& model, std::string_view key, std::string_view value) {
  for (auto& [name, old] : model.metadata_props) {
    if (name == key) {
      old = value;
      return;
    }
  }
  model.metadata_props.emplace_back(key, value);
}

// ---- values
// -------------------------------------------------------------------------------------------------

/// Name and type of a tensor value.
inline ValueInfo tensor_value(std::string_view name, DataType dtype, std::vector<Dimension> shape) {
  ValueInfo info;
  info.name = name;
  info.dtype = dtype;
  info.has_shape = true;
  info.shape = std::move(shape);
  return info;
}

inline Dimension fixed_dim(int64_t value) {
  Dimension dim;
  dim.value = value;
  return dim;
}

inline Dimension symbolic_dim(std::string_view symbol) {
  Dimension dim;
  dim.symbol = symbol;
  return dim;
}

/// What the graph declares of a value (value_info, inputs, outputs), or null.
inline const ValueInfo* find_value(const Graph& graph, std::string_view name) {
  for (const std::vector<ValueInfo>* list : {&graph.inputs, &graph.outputs, &graph.value_info}) {
    for (const ValueInfo& info : *list) {
      if (info.name == name) return &info;
    }
  }
  return nullptr;
}

inline bool has_input(const Graph& graph, std::string_view name) {
  for (const ValueInfo& info : graph.inputs) {
    if (info.name == name) return true;
  }
  return false;
}

inline bool has_output(const Graph& graph, std::string_view name) {
  for (const ValueInfo& info : graph.outputs) {
    if (info.name == name) return true;
  }
  return false;
}

/// Who makes and who reads each value of one graph. A node reads what its subgraphs read. Indices into
/// `graph.nodes`; valid until that list changes.
class ValueIndex {
 public:
  static constexpr size_t kNone = static_cast<size_t>(-1);

  explicit ValueIndex(const Graph& graph) {
    for (size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::string& output : graph.nodes[i].outputs) {
        if (!output.empty()) producers_.emplace(output, i);
      }
      for_each_use(graph.nodes[i], [&](const std::string& name) {
        std::vector<size_t>& readers = consumers_[name];
        if (readers.empty() || readers.back() != i) readers.push_back(i);
      });
    }
  }

  /// Index of the node that makes `value`; kNone for inputs, initializers and unknown names.
  size_t producer(const std::string& value) const {
    const auto found = producers_.find(value);
    return found == producers_.end() ? kNone : found->second;
  }

  /// Indices of the nodes that read `value`, ascending, each once.
  const std::vector<size_t>& consumers(const std::string& value) const {
    static const std::vector<size_t> kNobody;
    const auto found = consumers_.find(value);
    return found == consumers_.end() ? kNobody : found->second;
  }

 private:
  std::unordered_map<std::string, size_t> producers_;
  std::unordered_map<std::string, std::vector<size_t>> consumers_;
};

/// Makes names that no value (or no node) of the graph and its subgraphs has.
class FreshNames {
 public:
  explicit FreshNames(const Graph& graph) {
    for_each_definition(graph, [this](const std::string& name) { values_.insert(name); });
    for_each_node(graph, [this](const Node& node) { nodes_.insert(node.name); });
  }

  /// `wish` itself if it is free, else `wish_1`, `wish_2`, ...; the name counts as taken from now on.
  std::string value(const std::string& wish) { return take(values_, wish); }
  std::string node(const std::string& wish) { return take(nodes_, wish); }

 private:
  static std::string take(std::unordered_set<std::string>& taken, const std::string& wish) {
    std::string name = wish;
    for (size_t i = 1; !taken.insert(name).second; ++i) name = wish + "_" + std::to_string(i);
    return name;
  }

  std::unordered_set<std::string> values_, nodes_;
};

// ---- order
// --------------------------------------------------------------------------------------------------

/// Puts nodes into topological order; nodes that need not move keep their order. Throws kInvalidArgument
/// naming a node of the cycle when there is one.
inline void sort_topologically(Graph& graph) {
  const size_t count = graph.nodes.size();
  const ValueIndex index(graph);
  std::vector<std::vector<size_t>> followers(count);
  std::vector<size_t> waits_for(count, 0);
  for (size_t i = 0; i < count; ++i) {
    for_each_use(graph.nodes[i], [&](const std::string& name) {
      const size_t producer = index.producer(name);
      if (producer == ValueIndex::kNone || producer == i) return;
      followers[producer].push_back(i);
      ++waits_for[i];
    });
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<size_t>> ready;  // the earliest first: stable
  for (size_t i = 0; i < count; ++i) {
    if (waits_for[i] == 0) ready.push(i);
  }
  std::vector<Node> sorted;
  sorted.reserve(count);
  std::vector<bool> done(count, false);
  std::vector<size_t> order;
  while (!ready.empty()) {
    const size_t i = ready.top();
    ready.pop();
    done[i] = true;
    order.push_back(i);
    for (const size_t follower : followers[i]) {
      if (--waits_for[follower] == 0) ready.push(follower);
    }
  }
  for (size_t i = 0; i < count; ++i) {
    if (done[i]) continue;
    throw Error(ErrorCode::kInvalidArgument, "the graph has a cycle").node(describe(graph.nodes[i]));
  }
  for (const size_t i : order) sorted.push_back(std::move(graph.nodes[i]));
  graph.nodes = std::move(sorted);
}

// ---- functions and opsets
// -----------------------------------------------------------------------------------

/// "tessera:RMSNorm", the key of a function in a table.
inline std::string function_key(std::string_view domain, std::string_view name) {
  return std::string(normal_domain(domain)) + ":" + std::string(name);
}

/// The local function that `node` calls, or null when it is an operator.
inline const Function* find_function(const Model& model, const Node& node) {
  for (const Function& function : model.functions) {
    if (function.name == node.op_type && normal_domain(function.domain) == normal_domain(node.domain))
      return &function;
  }
  return nullptr;
}

/// The version of a domain among `imports`, or 0.
inline int64_t opset_version(const std::vector<OpsetId>& imports, std::string_view domain) {
  for (const OpsetId& opset : imports) {
    if (normal_domain(opset.domain) == normal_domain(domain)) return opset.version;
  }
  return 0;
}

/// Adds an import; throws kVersion naming the domain when another version is there.
inline void import_opset(std::vector<OpsetId>& imports, const OpsetId& opset) {
  const int64_t present = opset_version(imports, opset.domain);
  if (present == 0) {
    imports.push_back(opset);
  } else if (present != opset.version) {
    throw Error(ErrorCode::kVersion, "opset versions " + std::to_string(present) + " and " +
                                         std::to_string(opset.version) + " of domain '" + opset.domain +
                                         "' meet in one model")
        .key(opset.domain);
  }
}

/// Adds the function if the model has none of its name yet, and imports its domain (version 1) if it is
/// missing.
inline void add_function(Model& model, const Function& function) {
  for (const Function& known : model.functions) {
    if (function_key(known.domain, known.name) == function_key(function.domain, function.name)) return;
  }
  model.functions.push_back(function);
  if (opset_version(model.opset_imports, function.domain) == 0) {
    model.opset_imports.push_back(OpsetId{function.domain, 1});
  }
}

/// Removes the functions that nothing in the graph calls, not even through another function.
inline void remove_unused_functions(Model& model) {
  std::unordered_map<std::string, const Function*> functions;
  for (const Function& function : model.functions) {
    functions.emplace(function_key(function.domain, function.name), &function);
  }
  std::unordered_set<std::string> used;
  std::vector<const Function*> to_read;
  const auto use = [&](const Node& node) {
    const std::string key = function_key(node.domain, node.op_type);
    const auto found = functions.find(key);
    if (found != functions.end() && used.insert(key).second) to_read.push_back(found->second);
  };
  for_each_node(model.graph, use);
  while (!to_read.empty()) {
    const Function* function = to_read.back();
    to_read.pop_back();
    for (const Node& node : function->nodes) {
      use(node);
      for (const Attribute& attribute : node.attributes) {
        for (const Graph& inner : attribute.graphs) for_each_node(inner, use);
      }
    }
  }
  std::vector<Function> kept;
  for (Function& function : model.functions) {
    if (used.count(function_key(function.domain, function.name))) kept.push_back(std::move(function));
  }
  model.functions = std::move(kept);
}

}  // namespace tessera::graph
