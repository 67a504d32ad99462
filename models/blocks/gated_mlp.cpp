#include "models/blocks/gated_mlp.hpp"

#include "tessera/sdk/calls.hpp"

namespace tessera::blocks {

using graph::Value;

Value gated_mlp(ModelBuilder& b, std::string_view name, const GatedMlpConfig& c, const Value& x) {
  const auto scope = b.scope(name);
  const std::string_view keys = "intermediate_size, hidden_size";
  const Value gate = linear(b, "gate_proj", x, c.intermediate_size, c.bias, keys);
  const Value up = linear(b, "up_proj", x, c.intermediate_size, c.bias, keys);
  const Value active = graph::activation(b.graph, "act_fn", c.activation, gate);
  const Value product = b.graph.op("product", "Mul", {active, up}, {}, active.dtype, active.shape);
  return linear(b, "down_proj", product, x.width(), c.bias, "hidden_size, intermediate_size");
}

}  // namespace tessera::blocks
