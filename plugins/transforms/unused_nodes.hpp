/// What a pass leaves behind when it takes an output away or makes a value in another way.
#pragma once

#include "tessera/sdk/graph.hpp"

namespace tessera::transforms {

/// Removes from the main graph every node that leads to no output, weights that nobody reads any more, and
/// the declared types of values that went. Inputs stay. The nodes are in topological order, as in any checked
/// graph.
void remove_unused_nodes(graph::Graph& graph);

}  // namespace tessera::transforms
