/// Nodes that make a weight of a weight: how a pass changes weights without reading their bytes.
///
///   before   y = Linear(x, w)                            w in the checkpoint
///   after    y = Linear(x, w16), w16 = Cast(w)           node "weights/<w>/cast"
///
/// The graph stays small and runs anywhere as it is; who writes it out with its weights evaluates these nodes
/// on the way, streamed (core/graph/weight_recipes.hpp), so that they are never in memory as a whole.
///
/// A weight node has a name that begins with "weights/", one weight (an initializer, or the output of another
/// weight node) as its first input, and is one of
///   Cast    to float or float16
///   Clip    of a float; min and max are scalars inside the model
///   Gather  of rows: axis 0, indices int64 [n] inside the model
#pragma once

#include <string>
#include <string_view>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

inline constexpr std::string_view kWeightNodes = "weights/";

inline bool is_weight_node(const Node& node) {
  return node.name.compare(0, kWeightNodes.size(), kWeightNodes) == 0;
}

/// "weights/model.norm.weight/cast".
inline std::string weight_node_name(std::string_view weight, std::string_view step) {
  return std::string(kWeightNodes) + std::string(weight) + "/" + std::string(step);
}

/// Asks the export to write every tensor of at least so many bytes into side files of at most so many bytes:
/// "<tensor bytes> <file bytes>" (pass split-tensors).
inline constexpr std::string_view kSplitTensors = "tessera.split_tensors";

}  // namespace tessera::graph
