#include "models/blocks/linear.hpp"

#include <string>

#include "tessera/sdk/calls.hpp"

namespace tessera::blocks {

graph::Value linear(ModelBuilder& b, std::string_view name, const graph::Value& x, int64_t out_features,
                    Bias bias, std::string_view keys) {
  const std::string tensor(name);
  const graph::Value weight = b.weight(tensor + ".weight", {out_features, x.width()}, keys);
  if (bias == Bias::kNone) return graph::linear(b.graph, name, x, weight);
  return graph::linear(b.graph, name, x, weight, b.weight(tensor + ".bias", {out_features}, keys));
}

graph::Value conv1d(ModelBuilder& b, std::string_view name, const graph::Value& x, int64_t out_features,
                    std::string_view keys) {
  const std::string tensor(name);
  const graph::Value weight = b.weight(tensor + ".weight", {x.width(), out_features}, keys);
  return graph::conv1d(b.graph, name, x, weight, b.weight(tensor + ".bias", {out_features}, keys));
}

}  // namespace tessera::blocks
