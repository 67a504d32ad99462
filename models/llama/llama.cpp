#include "models/llama/llama.hpp"

#include <fmt/format.h>

#include <utility>

#include "models/blocks/activation.hpp"
#include "models/blocks/causal_lm.hpp"
#include "models/blocks/rms_norm.hpp"
#include "models/blocks/rope.hpp"

namespace tessera::llama {
namespace {

using namespace blocks;
using graph::RotaryTables;
using graph::Value;

Value decoder_layer(ModelBuilder& b, const LlamaConfig& c, Value hidden, const RotaryTables& rope,
                    const Value& positions) {
  Value normed = rms_norm(b, "input_layernorm", hidden, c.rms_norm_eps);
  hidden = b.graph.add("attention_residual", hidden,
                       attention(b, "self_attn", c.attention, normed, rope, positions));
  normed = rms_norm(b, "post_attention_layernorm", hidden, c.rms_norm_eps);
  return b.graph.add("mlp_residual", hidden, gated_mlp(b, "mlp", c.mlp, normed));
}

Value decoder(ModelBuilder& b, const LlamaConfig& c) {
  const auto [ids, positions] = causal_lm_inputs(b);
  const RotaryTables rope = rope_tables(b, c.rope, positions);
  Value hidden = token_embedding(b, ids, c.vocab_size, c.hidden_size);
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const auto layer = b.scope(fmt::format("layers.{}", i));
    hidden = decoder_layer(b, c, hidden, rope, positions);
    if (i + 1 < c.num_hidden_layers) hidden = b.graph.rename(hidden, hidden_name(i + 1));
  }
  return b.graph.rename(rms_norm(b, "norm", hidden, c.rms_norm_eps), hidden_name(c.num_hidden_layers));
}

Bias bias(bool added) {
  return added ? Bias::kAdded : Bias::kNone;
}

}  // namespace

LlamaConfig read_config(const Config& config) {
  LlamaConfig c;
  c.vocab_size = config.size("vocab_size");
  c.hidden_size = config.size("hidden_size");
  c.num_hidden_layers = config.size("num_hidden_layers");
  c.rms_norm_eps = config.positive("rms_norm_eps", 1e-6);
  c.tie_word_embeddings = config.flag("tie_word_embeddings", false);
  c.attention = read_attention(config, c.hidden_size);
  c.attention.qkv_bias = c.attention.output_bias = bias(config.flag("attention_bias", false));
  c.mlp.intermediate_size = config.size("intermediate_size");
  c.mlp.activation = read_activation(config, "hidden_act", "silu");
  c.mlp.bias = bias(config.flag("mlp_bias", false));
  c.rope = read_rope(config, c.attention.head_dim, config.size("max_position_embeddings", 2048));
  return c;
}

graph::Model build_llama(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                         const sdk::Host& host) {
  const Config config = Config::parse(config_text);
  require_causal_lm(config, task);
  const LlamaConfig c = read_config(config);
  require_layers(config, c.num_hidden_layers, weights);

  ModelBuilder b("llama", weights, module_prefix(weights));
  b.tensors.ignore("rotary_emb.inv_freq");
  const Value hidden = decoder(b, c);
  language_model_head(b, hidden, {c.vocab_size, c.tie_word_embeddings}, host);
  b.tensors.finish();
  write_facts(b, {"llama", c.vocab_size, c.num_hidden_layers, c.attention, c.rope});
  return std::move(b.graph).finish();
}

}  // namespace tessera::llama
