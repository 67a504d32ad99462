#include "core/graph/weight_recipes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <iterator>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "tessera/sdk/dtype.hpp"
#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/weight_nodes.hpp"

namespace tessera::graph {
namespace {

[[noreturn]] void refuse(const Node& node, const std::string& why) {
  throw Error(ErrorCode::kNotSupported, fmt::format("a weight node {}", why)).node(describe(node));
}

uint64_t elements(const std::vector<int64_t>& dims) {
  uint64_t count = 1;
  for (const int64_t dim : dims) count *= static_cast<uint64_t>(dim);
  return count;
}

/// Follows the weight nodes of a graph in its order.
class RecipeBook {
 public:
  explicit RecipeBook(const Graph& graph) {
    for (const Tensor& tensor : graph.initializers) tensors_.emplace(tensor.name, &tensor);
  }

  void add(const Node& node) {
    Made made = start(node);
    if (node.op_type == "Cast") {
      cast(node, made);
    } else if (node.op_type == "Clip") {
      clip(node, made);
    } else if (node.op_type == "Gather") {
      gather(node, made);
    } else {
      refuse(node, fmt::format("is a {}", qualified_op(node)));
    }
    made.recipe.name = node.outputs.at(0);
    made.recipe.bytes = elements(made.dims) * element_size(made.recipe.dtype);
    made_.emplace(node.outputs.at(0), std::move(made));
  }

  /// What is known of the output of a weight node.
  struct Made {
    WeightRecipe recipe;
    std::vector<int64_t> dims;
  };
  std::unordered_map<std::string, Made>& made() { return made_; }

 private:
  Made start(const Node& node) {
    const std::string& input = node.inputs.at(0);
    if (const auto known = made_.find(input); known != made_.end()) return known->second;
    const auto found = tensors_.find(input);
    if (found == tensors_.end()) refuse(node, fmt::format("reads '{}', which is no weight", input));
    return {copy_recipe(*found->second), found->second->dims};
  }

  static void cast(const Node& node, Made& made) {
    const auto to = static_cast<DataType>(int_of(node, "to"));
    if (to != DataType::kFloat && to != DataType::kFloat16)
      refuse(node, fmt::format("casts to {}", dtype_name(to)));
    made.recipe.steps.push_back({WeightStep::kCast, to, 0, 0});
    made.recipe.dtype = to;
  }

  void clip(const Node& node, Made& made) const {
    if (node.inputs.size() != 3) refuse(node, "clips on one side");
    if (made.recipe.dtype != DataType::kFloat) refuse(node, "clips another type than float");
    made.recipe.steps.push_back({WeightStep::kClip, DataType::kUndefined, scalar(node, 1), scalar(node, 2)});
  }

  void gather(const Node& node, Made& made) const {
    if (int_of(node, "axis") != 0 || made.dims.empty()) refuse(node, "gathers along another axis than 0");
    const Tensor& index = inside(node, 1, DataType::kInt64);
    std::vector<int64_t> chosen(index.raw_data.size() / sizeof(int64_t));
    if (!chosen.empty()) std::memcpy(chosen.data(), index.raw_data.data(), chosen.size() * sizeof(int64_t));
    for (int64_t& row : chosen) {
      if (row < 0 || row >= made.dims[0]) {
        throw Error(ErrorCode::kInvalidArgument,
                    fmt::format("row {} is wanted of a weight with {} rows", row, made.dims[0]))
            .node(describe(node));
      }
      if (!made.recipe.rows.empty()) row = made.recipe.rows[static_cast<size_t>(row)];
    }
    made.dims[0] = static_cast<int64_t>(chosen.size());
    made.recipe.rows = std::move(chosen);
  }

  const Tensor& inside(const Node& node, size_t input, DataType dtype) const {
    const auto found = tensors_.find(node.inputs.at(input));
    if (found == tensors_.end() || found->second->external || found->second->dtype != dtype)
      refuse(node, fmt::format("needs '{}' as a tensor of {} inside the model", node.inputs.at(input),
                               dtype_name(dtype)));
    return *found->second;
  }

  float scalar(const Node& node, size_t input) const {
    const Tensor& tensor = inside(node, input, DataType::kFloat);
    if (tensor.raw_data.size() != sizeof(float)) refuse(node, "needs a scalar as its bound");
    float value = 0;
    std::memcpy(&value, tensor.raw_data.data(), sizeof value);
    return value;
  }

  std::unordered_map<std::string, const Tensor*> tensors_;
  std::unordered_map<std::string, Made> made_;
};

Tensor placeholder(const WeightRecipe& recipe, const std::vector<int64_t>& dims) {
  Tensor tensor;
  tensor.name = recipe.name;
  tensor.dtype = recipe.dtype;
  tensor.dims = dims;
  tensor.external = std::make_unique<ExternalData>();
  tensor.external->length = recipe.bytes;
  return tensor;
}

/// A value's new name wherever the graph reads it; subgraphs read no weights.
void rename_use(Graph& graph, const std::string& from, const std::string& to) {
  for (Node& node : graph.nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
}

/// The weight that each result of `nodes` comes from.
std::unordered_map<std::string, std::string> sources_of(const std::vector<Node>& nodes) {
  std::unordered_map<std::string, std::string> sources;
  for (const Node& node : nodes) {
    const auto chain = sources.find(node.inputs.at(0));
    sources[node.outputs.at(0)] = chain == sources.end() ? node.inputs.at(0) : chain->second;
  }
  return sources;
}

/// Takes the weight nodes out of the graph's list.
std::vector<Node> take_nodes(Graph& graph) {
  std::vector<Node> kept, taken;
  for (Node& node : graph.nodes) (is_weight_node(node) ? taken : kept).push_back(std::move(node));
  graph.nodes = std::move(kept);
  return taken;
}

/// Of the weights, rows and bounds that `taken` read: those that nothing else reads. `index` is that of the
/// graph before names were given on.
void remove_unread(Graph& graph, const ValueIndex& index, const std::vector<Node>& taken) {
  std::unordered_set<std::string> candidates, outputs;
  for (const Node& node : taken) {
    candidates.insert(node.inputs.begin(), node.inputs.end());
    outputs.insert(node.outputs.begin(), node.outputs.end());
  }
  const auto unread = [&](const Tensor& tensor) {
    return candidates.count(tensor.name) > 0 && index.consumers(tensor.name).empty();
  };
  auto& tensors = graph.initializers;
  tensors.erase(std::remove_if(tensors.begin(), tensors.end(), unread), tensors.end());
  auto& known = graph.value_info;
  known.erase(std::remove_if(known.begin(), known.end(),
                             [&](const ValueInfo& value) { return outputs.count(value.name) > 0; }),
              known.end());
}

}  // namespace

WeightRecipe copy_recipe(const Tensor& tensor) {
  WeightRecipe recipe;
  recipe.name = tensor.name;
  recipe.dtype = recipe.source_dtype = tensor.dtype;
  recipe.bytes = elements(tensor.dims) * element_size(tensor.dtype);
  if (tensor.external) recipe.source = *tensor.external;
  recipe.inside = !tensor.external;
  recipe.inside_bytes = tensor.raw_data;
  const uint64_t rows = tensor.dims.empty() ? 1 : static_cast<uint64_t>(tensor.dims[0]);
  recipe.row_elements = rows == 0 ? 0 : elements(tensor.dims) / rows;
  return recipe;
}

std::vector<WeightRecipe> take_weight_nodes(Model& model) {
  Graph& graph = model.graph;
  RecipeBook book(graph);
  const std::vector<Node> taken = take_nodes(graph);
  if (taken.empty()) return {};
  for (const Node& node : taken) book.add(node);
  const std::unordered_map<std::string, std::string> sources = sources_of(taken);
  const ValueIndex index(graph);
  std::vector<std::string> results;
  std::unordered_map<std::string, int> results_of;
  for (const Node& node : taken) {
    if (index.consumers(node.outputs[0]).empty()) continue;
    results.push_back(node.outputs[0]);
    ++results_of[sources.at(node.outputs[0])];
  }
  std::vector<WeightRecipe> recipes;
  std::vector<Tensor> made;
  for (const std::string& result : results) {
    RecipeBook::Made& entry = book.made().at(result);
    const std::string& source = sources.at(result);
    // The only thing made of a weight that nobody else reads keeps the checkpoint's name.
    if (index.consumers(source).empty() && results_of.at(source) == 1) {
      rename_use(graph, result, source);
      entry.recipe.name = source;
    }
    made.push_back(placeholder(entry.recipe, entry.dims));
    recipes.push_back(std::move(entry.recipe));
  }
  remove_unread(graph, index, taken);
  graph.initializers.insert(graph.initializers.end(), std::make_move_iterator(made.begin()),
                            std::make_move_iterator(made.end()));
  return recipes;
}

}  // namespace tessera::graph
