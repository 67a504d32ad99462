/// custom_io.yaml: the element types in which the card takes and gives retained state.
#pragma once

#include <string>

#include "tessera/sdk/graph.hpp"

namespace tessera::qaic {

enum class StateType { kFloat16, kMxint8, kBfloat16 };

/// The file, for the states of `graph` (inputs X with an output X_RetainedState) in the order of its inputs,
/// each followed by its output. Everything else keeps the graph's types and is not listed. Empty for a graph
/// without state: then there is no file. Throws kInvalidArgument naming an output X_RetainedState without its
/// input.
std::string custom_io_yaml(const graph::Graph& graph, StateType type);

}  // namespace tessera::qaic
