/// Choosing a token of each sequence.
#pragma once

#include <utility>

#include "tessera/sdk/functions/body.hpp"

namespace tessera::graph::functions {

/// x float [B, S, h] -> y float [B, h]: position 0 of each row, where encoders have their [CLS]. A function,
/// so that a pass that packs sequences finds the place (pack-rows).
inline Function first_token() {
  Body b("FirstToken", {"x"}, {"y"}, {}, "y = x[:, 0]");
  b.op("y", "Gather", {"x", b.integer("first", 0)}, {int_attribute("axis", 1)});
  return std::move(b).finish();
}

}  // namespace tessera::graph::functions
