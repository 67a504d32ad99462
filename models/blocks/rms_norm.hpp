/// RMSNorm with the checkpoint's weight.
#pragma once

#include <string_view>

#include "models/blocks/model_builder.hpp"

namespace tessera::blocks {

/// x float [B, S, h] -> like x, by the tensor "<name>.weight" [h]; `epsilon` is rms_norm_eps.
graph::Value rms_norm(ModelBuilder& b, std::string_view name, const graph::Value& x, double epsilon);

}  // namespace tessera::blocks
