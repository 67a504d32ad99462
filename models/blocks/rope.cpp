#include "models/blocks/rope.hpp"

#include "tessera/sdk/metadata.hpp"

namespace tessera::blocks {

using graph::RotaryTables;
using graph::Value;

RotaryTables rope_tables(ModelBuilder& b, const RopeConfig& rope, const Value& positions) {
  const auto scope = b.scope("rotary_emb");
  if (!rope.needs_length()) {
    return rotary_table(b.graph, "table", positions, b.graph.table("inv_freq", rope.inv_freq), rope.scale);
  }
  const Value length = b.graph.input("rope_length", graph::DataType::kInt64, positions.shape);
  b.graph.metadata(graph::metadata::kRopeLength, 1);
  if (rope.type == RopeType::kDynamic) {
    return dynamic_rotary_table(b.graph, "table", positions, length,
                                {rope.head_dim, static_cast<float>(rope.theta),
                                 static_cast<float>(rope.factor), rope.original_length});
  }
  return long_rotary_table(
      b.graph, "table", positions, length, b.graph.table("short_inv_freq", rope.inv_freq),
      b.graph.table("long_inv_freq", rope.long_inv_freq), rope.scale, rope.original_length);
}

}  // namespace tessera::blocks
