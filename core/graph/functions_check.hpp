/// Checks the functions of a model: domain `tessera` means the same everywhere.
#pragma once

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// - No two functions have one domain and name.
/// - A function of domain `tessera` has the SDK's body, inputs, outputs and attributes (names of nodes and
/// documentation
///   do not count): a backend that claims it runs its own kernel instead of the body.
/// - A call of such a function has all inputs, none omitted, at most its outputs, and exactly its attributes.
/// - A node of a domain that is not ONNX's own calls a function that the model has.
/// Throws kInvalidArgument (kNotSupported for an unknown operator) naming the node or the function.
void check_functions(const Model& model);

}  // namespace tessera::graph
