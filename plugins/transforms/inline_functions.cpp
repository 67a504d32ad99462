#include "inline_functions.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "expose_values.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/functions.hpp"
#include "tessera/sdk/inline.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::transforms {

using graph::Function;
using graph::Model;
using graph::Node;

namespace {

std::string qualified(const Function& function) {
  return function.domain + "." + function.name;
}

/// Names may be written with or without their domain. One that neither the model nor the SDK has is a typing
/// error, unless it is a pattern; one that only the SDK has is fine: the same list serves models that do not
/// call it.
std::vector<std::string> read_keep(const Model& model, const sdk::TransformArgs& args) {
  std::vector<std::string> known;
  for (const Function& function : model.functions) known.push_back(qualified(function));
  for (const Function& function : graph::canonical_functions()) known.push_back(qualified(function));
  std::vector<std::string> keep;
  for (const std::string& wish : args.options.texts("keep")) {
    const std::string name = wish.find('.') == std::string::npos ? "tessera." + wish : wish;
    bool found = false;
    for (const std::string& candidate : known) found = found || candidate == name;
    if (!found && name.find('*') == std::string::npos) {
      throw Error(ErrorCode::kInvalidArgument, "inline-functions: unknown function '" + wish + "'")
          .key("keep")
          .remedy(did_you_mean(name, known));
    }
    keep.push_back(name);
  }
  return keep;
}

void mark(std::vector<Node>& nodes, const Model& model, const graph::KeepFunction& keep) {
  for (Node& node : nodes) {
    const Function* function = graph::find_function(model, node);
    if (function && !keep(*function)) graph::append_pass(node, "inline-functions");
    for (graph::Attribute& attribute : node.attributes) {
      for (graph::Graph& inner : attribute.graphs) mark(inner.nodes, model, keep);
    }
  }
}

}  // namespace

std::vector<sdk::OptionInfo> InlineFunctions::options() const {
  return {{"keep", sdk::ValueType::kTextList, "",
           "functions whose calls stay, such as Linear,RMSNorm; '*' and '?' match as in file names: com.*"}};
}

bool InlineFunctions::apply(Model& model, const sdk::TransformArgs& args) const {
  std::vector<std::string> names;
  if (args.options.has("keep")) names = read_keep(model, args);
  const graph::KeepFunction keep = [&](const Function& function) {
    const std::string name = qualified(function);
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& pattern) { return matches_glob(pattern, name); });
  };
  mark(model.graph.nodes, model, keep);  // the nodes of a body take over the provenance of its call
  return graph::inline_functions(model, keep) > 0;
}

}  // namespace tessera::transforms
