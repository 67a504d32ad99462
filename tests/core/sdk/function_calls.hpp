/// One call of each function of domain `tessera`, with shapes as a model has them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tessera/sdk/attribute.hpp"
#include "tessera/sdk/functions.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

struct ValueType {
  DataType dtype;
  std::vector<Dimension> shape;
};

struct FunctionCall {
  std::string function;
  std::vector<ValueType> inputs;
  std::vector<Attribute> attributes;
  std::vector<std::string> outputs;  ///< types as infer_shapes() prints them
};

/// Heads H = 6, G = 2, D = 8; hidden 32, vocabulary 100.
std::vector<FunctionCall> function_calls();

/// A model that has the function, and one node that calls it; outputs are declared with their rank alone.
Model model_of(const FunctionCall& call);

}  // namespace tessera::graph
