/// LayerNorm with the checkpoint's weight and bias.
#pragma once

#include <string_view>

#include "models/blocks/model_builder.hpp"

namespace tessera::blocks {

/// x float [..., h] -> like x, by the tensors "<name>.weight" and "<name>.bias" [h], or under the names that
/// old checkpoints have, "<name>.gamma" and "<name>.beta". `keys` are the keys of config.json that give h.
graph::Value layer_norm(ModelBuilder& b, std::string_view name, const graph::Value& x, double epsilon,
                        std::string_view keys = "hidden_size");

}  // namespace tessera::blocks
