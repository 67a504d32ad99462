/// A small model that says as much to shape inference as a large one: layers repeat.
#pragma once

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// Removes nodes that are repetitions: same operator, same attributes, inputs and outputs of the same
/// declared types as a node before. Their outputs become inputs of the graph. Inference of the result, which
/// is as good as that of the whole, costs as much as one layer of each kind.
///
/// Why that is enough: inference looks at a node's operator, attributes and the types of its inputs, and
/// compares what it finds with the declared types of the outputs. So the first of equal nodes speaks for all,
/// and a removed node's output has the declared type that the first one has proven. Values can matter beside
/// types where they are shapes: a node that reads or makes integers of rank 0 or 1, or whose types are not
/// all declared, or that has subgraphs, is never removed.
Model representative(const Model& model);

}  // namespace tessera::graph
