/// The function inliner: replaces calls of a model's local functions by the functions' bodies.
///
///   before   y = tessera.Silu(x)                          name "layers.0/mlp/act", doc "plugin=llama"
///   after    layers.0/mlp/act/s = Sigmoid(x)              name "layers.0/mlp/act/sigmoid", doc
///   "plugin=llama"
///            y = Mul(x, layers.0/mlp/act/s)               name "layers.0/mlp/act/mul", doc "plugin=llama"
///
/// Names outside of the call stay as they are; inner nodes and values get the call's name as a prefix, so
/// that an error in a body leads back to the call by its path. Calls inside bodies and inside subgraphs are
/// replaced too.
#pragma once

#include <cstddef>
#include <functional>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// True for a function whose calls stay calls.
using KeepFunction = std::function<bool(const Function&)>;

/// Replaces the calls of all local functions but those that `keep` names (none when it is empty),
/// recursively.
///
/// Functions that nothing calls any more are removed, and so are the opset imports of domains that had only
/// functions; opsets that bodies need are imported. Returns the number of calls replaced. Throws
/// kInvalidArgument naming the call when an attribute that the body refers to is missing, when inputs or
/// outputs do not fit, when functions call one another in a circle; kVersion when a body needs another
/// version of an opset. The model is then in a valid but unspecified state: work on a copy if you need it
/// afterwards.
size_t inline_functions(Model& model, const KeepFunction& keep = {});

}  // namespace tessera::graph

#ifndef TESSERA_SDK_SEPARATE
#include "tessera/sdk/bodies/inline.hpp"
#endif
