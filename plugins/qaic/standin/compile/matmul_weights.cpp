#include "matmul_weights.hpp"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

#include "tessera/sdk/edit.hpp"

namespace tessera::qaic::standin {
namespace {

/// Where a weight enters the graph on its way to a MatMul: input `input` of node `node`.
using Place = std::pair<size_t, size_t>;

struct Found {
  std::set<Place> places;
  size_t axis = 0;
};

/// Axis of a transposed value as an axis of what was transposed; without `perm` axes are reversed.
size_t axis_before(const graph::Node& transpose, size_t axis, size_t rank) {
  if (graph::find_attribute(transpose, "perm") == nullptr) return rank - 1 - axis;
  const std::vector<int64_t>& perm = graph::ints_of(transpose, "perm");
  return axis < perm.size() ? static_cast<size_t>(perm[axis]) : rank;
}

class Search {
 public:
  explicit Search(const graph::Graph& graph) : graph_(graph), index_(graph) {
    for (const graph::Tensor& tensor : graph.initializers) initializers_[tensor.name] = &tensor;
  }

  std::map<std::string, Found> all() {
    for (size_t node = 0; node < graph_.nodes.size(); ++node) {
      const graph::Node& matmul = graph_.nodes[node];
      if (matmul.op_type == "MatMul" && graph::normal_domain(matmul.domain).empty() &&
          matmul.inputs.size() == 2)
        follow({node, 1});
    }
    return std::move(found_);
  }

 private:
  /// Back from the second factor of a MatMul to an initializer.
  void follow(Place place) {
    std::vector<const graph::Node*> transposes;
    for (;;) {
      const std::string& name = graph_.nodes[place.first].inputs[place.second];
      const size_t maker = index_.producer(name);
      if (maker == graph::ValueIndex::kNone) return take(name, place, transposes);
      const graph::Node& node = graph_.nodes[maker];
      if (node.op_type == "Transpose") transposes.push_back(&node);
      if ((node.op_type != "Transpose" && node.op_type != "Cast" && node.op_type != "Identity") ||
          node.inputs.size() != 1)
        return;
      place = {maker, 0};
    }
  }

  void take(const std::string& name, Place place, const std::vector<const graph::Node*>& transposes) {
    const auto tensor = initializers_.find(name);
    if (tensor == initializers_.end() || tensor->second->dims.size() < 2) return;
    const size_t rank = tensor->second->dims.size();
    size_t axis = rank - 2;
    for (const graph::Node* transpose : transposes) axis = axis_before(*transpose, axis, rank);
    if (axis >= rank) return;
    Found& found = found_[name];
    found.places.insert(place);
    found.axis = axis;
  }

  const graph::Graph& graph_;
  const graph::ValueIndex index_;
  std::unordered_map<std::string, const graph::Tensor*> initializers_;
  std::map<std::string, Found> found_;
};

size_t uses_of(const graph::Graph& graph, const std::string& name) {
  size_t uses = 0;
  for (const graph::Node& node : graph.nodes)
    graph::for_each_use(node, [&](const std::string& used) { uses += used == name ? 1 : 0; });
  for (const graph::ValueInfo& output : graph.outputs) uses += output.name == name ? 1 : 0;
  return uses;
}

}  // namespace

MatmulWeights separate_matmul_weights(graph::Graph& graph) {
  MatmulWeights weights;
  graph::FreshNames names(graph);
  for (auto& [name, found] : Search(graph).all()) {
    std::string target = name;
    if (uses_of(graph, name) > found.places.size()) {
      const auto tensor =
          std::find_if(graph.initializers.begin(), graph.initializers.end(),
                       [&, &weight = name](const graph::Tensor& t) { return t.name == weight; });
      graph::Tensor copy = *tensor;
      copy.name = target = names.value(name + ".mxfp6");
      graph.initializers.push_back(std::move(copy));
      for (const auto& [node, input] : found.places) graph.nodes[node].inputs[input] = target;
    }
    weights[target] = found.axis;
  }
  return weights;
}

}  // namespace tessera::qaic::standin
