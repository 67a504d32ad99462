#include "expose_values.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::transforms {

using graph::Model;
using graph::Node;
using graph::ValueInfo;

bool matches_glob(std::string_view pattern, std::string_view name) {
  size_t p = 0, n = 0, star = std::string_view::npos, after_star = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {  // let the last star take one character more
      p = star + 1;
      n = ++after_star;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

namespace {

bool is_glob(const std::string& text) {
  return text.find_first_of("*?") != std::string::npos;
}

ValueInfo declared_type(const Model& model, const Node& maker, const std::string& name) {
  const ValueInfo* info = graph::find_value(model.graph, name);
  if (info && info->dtype != graph::DataType::kUndefined && info->has_shape) return *info;
  throw Error(ErrorCode::kInvalidArgument, "expose-values: dtype or shape of '" + name + "' is not declared")
      .node(graph::describe(maker))
      .remedy("declare it in the graph's value_info");
}

/// Every value that a node makes, in the order of the graph.
std::vector<std::pair<std::string, const Node*>> made_values(const Model& model) {
  std::vector<std::pair<std::string, const Node*>> values;
  for (const Node& node : model.graph.nodes) {
    for (const std::string& output : node.outputs) {
      if (!output.empty()) values.emplace_back(output, &node);
    }
  }
  return values;
}

[[noreturn]] void refuse(const std::string& wish,
                         const std::vector<std::pair<std::string, const Node*>>& made) {
  Error error(ErrorCode::kNotFound, is_glob(wish) ? "expose-values: no value matches '" + wish + "'"
                                                  : "expose-values: no node makes a value '" + wish + "'");
  error.add_key("values");
  std::vector<std::string> named;  // what architectures name on purpose has no path
  for (const auto& [name, node] : made) {
    if (name.find('/') == std::string::npos) named.push_back(name);
  }
  error.add_remedy(did_you_mean(wish, named));
  throw error;
}

}  // namespace

std::vector<sdk::OptionInfo> ExposeValues::options() const {
  return {{"values", sdk::ValueType::kTextList, "",
           "names of values; '*' and '?' match as in file names: hidden.*"}};
}

bool ExposeValues::apply(Model& model, const sdk::TransformArgs& args) const {
  const std::vector<std::pair<std::string, const Node*>> made = made_values(model);
  const size_t before = model.graph.outputs.size();
  for (const std::string& wish : args.options.texts("values")) {
    bool found = false;
    for (const auto& [name, node] : made) {
      if (is_glob(wish) ? !matches_glob(wish, name) : wish != name) continue;
      found = true;
      if (graph::has_output(model.graph, name)) continue;
      model.graph.outputs.push_back(declared_type(model, *node, name));
    }
    if (!found) refuse(wish, made);
  }
  // A value's type is declared once: outputs need no value_info.
  std::vector<ValueInfo>& infos = model.graph.value_info;
  infos.erase(
      std::remove_if(infos.begin(), infos.end(),
                     [&](const ValueInfo& info) { return graph::has_output(model.graph, info.name); }),
      infos.end());
  return model.graph.outputs.size() != before;
}

}  // namespace tessera::transforms
