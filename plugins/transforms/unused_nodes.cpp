#include "unused_nodes.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "tessera/sdk/edit.hpp"

namespace tessera::transforms {

void remove_unused_nodes(graph::Graph& graph) {
  std::unordered_set<std::string> used, gone;
  for (const graph::ValueInfo& output : graph.outputs) used.insert(output.name);
  std::vector<graph::Node> kept;
  for (size_t i = graph.nodes.size(); i-- > 0;) {
    graph::Node& node = graph.nodes[i];
    const bool is_used = std::any_of(node.outputs.begin(), node.outputs.end(),
                                     [&](const std::string& name) { return used.count(name) > 0; });
    if (!is_used) {
      gone.insert(node.outputs.begin(), node.outputs.end());
      continue;
    }
    graph::for_each_use(node, [&](const std::string& name) { used.insert(name); });
    kept.push_back(std::move(node));
  }
  std::reverse(kept.begin(), kept.end());
  graph.nodes = std::move(kept);
  std::vector<graph::Tensor>& weights = graph.initializers;
  weights.erase(std::remove_if(weights.begin(), weights.end(),
                               [&](const graph::Tensor& weight) { return used.count(weight.name) == 0; }),
                weights.end());
  std::vector<graph::ValueInfo>& infos = graph.value_info;
  infos.erase(std::remove_if(infos.begin(), infos.end(),
                             [&](const graph::ValueInfo& info) { return gone.count(info.name) > 0; }),
              infos.end());
}

}  // namespace tessera::transforms
