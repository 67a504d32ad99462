/// The rotary tables of a model: made once, used by every layer.
#pragma once

#include "models/blocks/model_builder.hpp"
#include "models/blocks/rope_config.hpp"
#include "tessera/sdk/calls.hpp"

namespace tessera::blocks {

/// positions int64 [B, S] -> cos, sin float [B, S, D/2]. Where the scaling depends on the length, the graph
/// gets the input rope_length int64 [B, S] (the prompt's length for rows of a prompt, position + 1 for
/// generated ones) and says so in its metadata. Call it once.
graph::RotaryTables rope_tables(ModelBuilder& b, const RopeConfig& rope, const graph::Value& positions);

}  // namespace tessera::blocks
