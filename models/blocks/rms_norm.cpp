#include "models/blocks/rms_norm.hpp"

#include <string>

#include "tessera/sdk/calls.hpp"

namespace tessera::blocks {

graph::Value rms_norm(ModelBuilder& b, std::string_view name, const graph::Value& x, double epsilon) {
  const graph::Value weight = b.weight(std::string(name) + ".weight", {x.width()}, "hidden_size");
  return graph::rms_norm(b.graph, name, x, weight, static_cast<float>(epsilon));
}

}  // namespace tessera::blocks
