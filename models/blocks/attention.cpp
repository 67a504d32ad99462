#include "models/blocks/attention.hpp"

#include <fmt/format.h>

#include <cmath>

namespace tessera::blocks {

using graph::Value;

AttentionConfig read_attention(const Config& config, int64_t hidden_size, int64_t absent_kv_heads) {
  AttentionConfig c;
  c.num_attention_heads = config.size("num_attention_heads");
  const bool by_default = absent_kv_heads > 0 && !config.mentions("num_key_value_heads");
  c.num_key_value_heads =
      config.size("num_key_value_heads", by_default ? absent_kv_heads : c.num_attention_heads);
  if (c.num_attention_heads % c.num_key_value_heads != 0) {
    throw config.error(ErrorCode::kCorruptData, "num_key_value_heads",
                       fmt::format("is {}, which does not divide num_attention_heads, {}",
                                   c.num_key_value_heads, c.num_attention_heads));
  }
  if (!config.has("head_dim") && hidden_size % c.num_attention_heads != 0) {
    throw config.error(ErrorCode::kCorruptData, "num_attention_heads",
                       fmt::format("is {}, which does not divide hidden_size, {}, and there is no head_dim",
                                   c.num_attention_heads, hidden_size));
  }
  c.head_dim = config.size("head_dim", hidden_size / c.num_attention_heads);
  if (c.head_dim % 2 != 0) {
    throw config.error(ErrorCode::kNotSupported, "head_dim",
                       fmt::format("is {}; rotary positions need an even one", c.head_dim));
  }
  return c;
}

Value attention(ModelBuilder& b, std::string_view name, const AttentionConfig& c, const Value& x,
                const graph::RotaryTables& rope, const Value& positions) {
  const auto scope = b.scope(name);
  const int64_t hidden_size = x.width();
  const int64_t H = c.num_attention_heads, G = c.num_key_value_heads, D = c.head_dim;
  Value q = linear(b, "q_proj", x, H * D, c.qkv_bias, "num_attention_heads, head_dim, hidden_size");
  Value k = linear(b, "k_proj", x, G * D, c.qkv_bias, "num_key_value_heads, head_dim, hidden_size");
  Value v = linear(b, "v_proj", x, G * D, c.qkv_bias, "num_key_value_heads, head_dim, hidden_size");
  q = rotary_embedding(b.graph, "q_rope", q, rope, H);
  k = rotary_embedding(b.graph, "k_rope", k, rope, G);
  const auto scale = static_cast<float>(1 / std::sqrt(static_cast<double>(D)));
  const Value y = graph::attention(b.graph, "attention", q, k, v, positions, {H, G, scale, c.sliding_window});
  return linear(b, "o_proj", y, hidden_size, c.output_bias, "hidden_size, num_attention_heads, head_dim");
}

}  // namespace tessera::blocks
