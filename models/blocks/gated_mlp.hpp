/// The feed-forward layer with a gate (SwiGLU, arXiv:2002.05202).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/blocks/linear.hpp"
#include "models/blocks/model_builder.hpp"

namespace tessera::blocks {

struct GatedMlpConfig {
  int64_t intermediate_size = 0;
  std::string activation = "Silu";  ///< a function of domain `tessera`
  Bias bias = Bias::kNone;
};

/// x float [B, S, hidden] -> like x, by the tensors gate_proj, up_proj, down_proj in module `name`:
/// y = down_proj(activation(gate_proj x) * up_proj x)
graph::Value gated_mlp(ModelBuilder& b, std::string_view name, const GatedMlpConfig& c,
                       const graph::Value& x);

}  // namespace tessera::blocks
