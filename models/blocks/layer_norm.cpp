#include "models/blocks/layer_norm.hpp"

#include <string>

#include "tessera/sdk/calls.hpp"

namespace tessera::blocks {
namespace {

// The new name unless only the old one is there: what is missing is asked for by the new one.
std::string stored_name(const ModelBuilder& b, const std::string& name, const std::string& legacy) {
  return !b.has(name) && b.has(legacy) ? legacy : name;
}

}  // namespace

graph::Value layer_norm(ModelBuilder& b, std::string_view name, const graph::Value& x, double epsilon,
                        std::string_view keys) {
  const std::string module = std::string(name) + ".";
  const graph::Value weight =
      b.weight(stored_name(b, module + "weight", module + "gamma"), {x.width()}, keys);
  const graph::Value bias = b.weight(stored_name(b, module + "bias", module + "beta"), {x.width()}, keys);
  return graph::layer_norm(b.graph, name, x, weight, bias, static_cast<float>(epsilon));
}

}  // namespace tessera::blocks
