/// Self-attention with grouped heads and rotary positions, as decoders have it.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/blocks/config.hpp"
#include "models/blocks/linear.hpp"
#include "models/blocks/model_builder.hpp"
#include "tessera/sdk/calls.hpp"

namespace tessera::blocks {

/// Sizes are the keys of config.json.
struct AttentionConfig {
  int64_t num_attention_heads = 0;  ///< H
  int64_t num_key_value_heads = 0;  ///< G; H is a multiple of G
  int64_t head_dim = 0;             ///< D; even
  int64_t sliding_window = 0;       ///< tokens a query sees, itself included; 0 = no window
  Bias qkv_bias = Bias::kNone;
  Bias output_bias = Bias::kNone;
};

/// Reads num_attention_heads, num_key_value_heads (null: as many; absent: `absent_kv_heads`, 0 being as many)
/// and head_dim (absent: hidden_size / heads), and checks that they fit one another. Window and biases are
/// the architecture's to say.
AttentionConfig read_attention(const Config& config, int64_t hidden_size, int64_t absent_kv_heads = 0);

/// x float [B, S, hidden] -> float [B, S, hidden], by the tensors q_proj, k_proj, v_proj, o_proj in module
/// `name`. y = o_proj(attention(rope(q_proj x), rope(k_proj x), v_proj x)), products scaled by 1 / sqrt(D).
graph::Value attention(ModelBuilder& b, std::string_view name, const AttentionConfig& c,
                       const graph::Value& x, const graph::RotaryTables& rope, const graph::Value& positions);

}  // namespace tessera::blocks
