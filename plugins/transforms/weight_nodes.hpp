/// Puts weight nodes (tessera/sdk/weight_nodes.hpp) behind weights.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tessera/sdk/edit.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::transforms {

/// Collects weight nodes for one pass; `finish` puts them in front of the graph's nodes, where they are
/// evaluated before anybody reads them, and makes everybody read what they make.
class WeightNodes {
 public:
  /// `model` outlives it. The marks of the nodes: the architecture's plugin and `pass`.
  WeightNodes(graph::Model& model, std::string_view pass);

  /// Type and shape of a weight: an initializer, or the output of a weight node. Null for another value.
  const graph::ValueInfo* find(const std::string& weight) const;

  /// Values that nodes of the model proper read and that are a weight of the checkpoint or made of one.
  struct End {
    std::string value;
    std::string weight;  ///< the initializer
    graph::DataType dtype;
    std::vector<int64_t> dims;
  };
  std::vector<End> ends() const;

  /// A node `op_type` on `weight` with further inputs; returns what it makes, of `dtype` and `dims`.
  /// Steps on the same weight chain: pass the result of the one before.
  std::string add(const std::string& weight, const std::string& step, const std::string& op_type,
                  const std::vector<std::string>& more_inputs, std::vector<graph::Attribute> attributes,
                  graph::DataType dtype, const std::vector<int64_t>& dims);

  /// Who read `weight` (in the graph as it was) shall read `result`.
  void replace(const std::string& weight, const std::string& result) { replaced_[weight] = result; }

  /// An initializer inside the model under a name that is free; returns the name.
  std::string add_inside(graph::Tensor tensor);

  void finish();

 private:
  graph::Model& model_;
  graph::FreshNames names_;
  std::string doc_string_;
  std::unordered_map<std::string, graph::ValueInfo> weights_;
  std::unordered_map<std::string, std::string> root_;  ///< result -> initializer that its chain begins with
  std::unordered_map<std::string, std::string> replaced_;
  std::vector<graph::Node> nodes_;
};

}  // namespace tessera::transforms
