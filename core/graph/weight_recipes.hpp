/// Weight nodes (tessera/sdk/weight_nodes.hpp) turned into recipes: what an export writes in their place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// One step on the elements of a weight.
struct WeightStep {
  enum Kind { kCast, kClip } kind = kCast;
  DataType to = DataType::kUndefined;  ///< of kCast
  float low = 0, high = 0;             ///< of kClip
};

/// How the bytes of one initializer come about: rows of the source, in this order, then the steps on each
/// element.
struct WeightRecipe {
  std::string name;     ///< of the initializer
  DataType dtype;       ///< of the result
  uint64_t bytes = 0;   ///< of the result
  bool inside = false;  ///< the source's bytes are `inside_bytes`, else those at `source`
  std::string inside_bytes;
  ExternalData source;
  DataType source_dtype;
  uint64_t row_elements = 0;      ///< elements of one row of the source
  std::vector<int64_t> rows;      ///< empty: all, in order
  std::vector<WeightStep> steps;  ///< empty: a plain copy
};

/// Removes the weight nodes of `model`; what they made become initializers of the same names, with recipes
/// and without bytes (external, location empty). Initializers that nothing reads any more go; an initializer
/// whose only reader was a weight node gives its name to the result. Throws kNotSupported naming a node that
/// is no weight node as weight_nodes.hpp says, kInvalidArgument for a row that is not there.
std::vector<WeightRecipe> take_weight_nodes(Model& model);

/// The recipe that copies an initializer as it is.
WeightRecipe copy_recipe(const Tensor& tensor);

}  // namespace tessera::graph
