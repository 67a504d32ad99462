#include "core/graph/functions_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/functions.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::graph {
namespace {

using FunctionTable = std::unordered_map<std::string, const Function*>;

/// A function's meaning as bytes: what is documentation is left out.
std::string meaning(Function function) {
  function.doc_string.clear();
  for (Node& node : function.nodes) {
    node.name.clear();
    node.doc_string.clear();
    for (Attribute& attribute : node.attributes) {
      attribute.doc_string.clear();
      for (Tensor& tensor : attribute.tensors) tensor.doc_string.clear();
    }
    std::sort(node.attributes.begin(), node.attributes.end(),
              [](const Attribute& a, const Attribute& b) { return a.name < b.name; });
  }
  Model wrapper;
  wrapper.functions.push_back(std::move(function));
  return write_model(wrapper);
}

/// The meanings of the SDK's functions, made once.
const std::unordered_map<std::string, std::string>& canonical_meanings() {
  static const std::unordered_map<std::string, std::string> meanings = [] {
    std::unordered_map<std::string, std::string> made;
    for (const Function& function : canonical_functions()) made.emplace(function.name, meaning(function));
    return made;
  }();
  return meanings;
}

void check_body(const Function& function) {
  if (function.domain != kTesseraDomain) return;
  const std::string name = function.domain + "." + function.name;
  const auto canonical = canonical_meanings().find(function.name);
  if (canonical == canonical_meanings().end()) {
    std::vector<std::string> known;
    for (const Function& each : canonical_functions()) known.push_back(each.name);
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("domain 'tessera' has no function '{}'", function.name))
        .key(name)
        .remedy(did_you_mean(function.name, known));
  }
  if (meaning(function) == canonical->second) return;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("function '{}' has another body than the SDK's", name))
      .key(name)
      .remedy("take the function from tessera/sdk/functions.hpp, or put your own into a domain of your own");
}

FunctionTable check_definitions(const Model& model) {
  FunctionTable table;
  for (const Function& function : model.functions) {
    if (!table.emplace(function_key(function.domain, function.name), &function).second) {
      const std::string name = function.domain + "." + function.name;
      throw Error(ErrorCode::kInvalidArgument, fmt::format("the model has two functions '{}'", name))
          .key(name);
    }
    check_body(function);
  }
  return table;
}

[[noreturn]] void refuse(const Node& node, std::string message, const char* remedy) {
  throw Error(ErrorCode::kInvalidArgument, std::move(message)).node(describe(node)).remedy(remedy);
}

void check_arity(const Node& node, const Function& function) {
  const bool omitted = std::any_of(node.inputs.begin(), node.inputs.end(),
                                   [](const std::string& input) { return input.empty(); });
  if (node.inputs.size() != function.inputs.size() || omitted ||
      node.outputs.size() > function.outputs.size()) {
    refuse(
        node,
        fmt::format("'{}' takes inputs ({}) and makes ({}); the call has {}{} inputs and {} outputs",
                    qualified_op(node), fmt::join(function.inputs, ", "), fmt::join(function.outputs, ", "),
                    node.inputs.size(), omitted ? " (one omitted)" : "", node.outputs.size()),
        "functions have a fixed number of inputs; a variant is another function");
  }
}

void check_attributes(const Node& node, const Function& function) {
  for (const std::string& name : function.attributes) {
    if (find_attribute(node, name)) continue;
    refuse(node, fmt::format("attribute '{}' of '{}' is missing", name, qualified_op(node)),
           "write every attribute at every call");
  }
  std::unordered_set<std::string> seen;
  for (const Attribute& attribute : node.attributes) {
    const auto& known = function.attributes;
    if (std::find(known.begin(), known.end(), attribute.name) == known.end()) {
      refuse(node, fmt::format("'{}' has no attribute '{}'", qualified_op(node), attribute.name),
             "remove the attribute; a variant is another function");
    }
    if (!seen.insert(attribute.name).second) {
      refuse(node, fmt::format("attribute '{}' of '{}' is written twice", attribute.name, qualified_op(node)),
             "write it once");
    }
  }
}

void check_call(const Node& node, const FunctionTable& table) {
  const std::string_view domain = normal_domain(node.domain);
  if (domain.empty() || domain.substr(0, 8) == "ai.onnx.") return;  // libonnx knows these
  const auto found = table.find(function_key(node.domain, node.op_type));
  if (found == table.end()) {
    throw Error(ErrorCode::kNotSupported, fmt::format("the model has no function '{}'", qualified_op(node)))
        .node(describe(node))
        .remedy("add the function's body to the model");
  }
  if (domain != kTesseraDomain) return;
  check_arity(node, *found->second);
  check_attributes(node, *found->second);
}

}  // namespace

void check_functions(const Model& model) {
  const FunctionTable table = check_definitions(model);
  for_each_node(model.graph, [&](const Node& node) { check_call(node, table); });
}

}  // namespace tessera::graph
