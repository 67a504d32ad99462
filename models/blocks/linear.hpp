/// A linear layer of the checkpoint, with or without bias.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/blocks/model_builder.hpp"

namespace tessera::blocks {

enum class Bias { kNone, kAdded };

/// x float [B, S, in] -> float [B, S, out_features], by the tensors "<name>.weight" [out, in] and
/// "<name>.bias" [out]. `keys` are the keys of config.json that give the sizes.
graph::Value linear(ModelBuilder& b, std::string_view name, const graph::Value& x, int64_t out_features,
                    Bias bias, std::string_view keys);

/// The same with the weight stored as [in_features, out_features] and a bias, as GPT-2 has all its layers.
graph::Value conv1d(ModelBuilder& b, std::string_view name, const graph::Value& x, int64_t out_features,
                    std::string_view keys);

}  // namespace tessera::blocks
