#include "models/blocks/gated_decoder.hpp"

#include <fmt/format.h>

#include <utility>

#include "models/blocks/activation.hpp"
#include "models/blocks/causal_lm.hpp"
#include "models/blocks/classification_head.hpp"
#include "models/blocks/rms_norm.hpp"
#include "models/blocks/rope.hpp"

namespace tessera::blocks {
namespace {

using graph::RotaryTables;
using graph::Value;

Value decoder_layer(ModelBuilder& b, const GatedDecoderConfig& c, Value hidden, const RotaryTables& rope,
                    const Value& positions) {
  Value normed = rms_norm(b, "input_layernorm", hidden, c.rms_norm_eps);
  hidden = b.graph.add("attention_residual", hidden,
                       attention(b, "self_attn", c.attention, normed, rope, positions));
  normed = rms_norm(b, "post_attention_layernorm", hidden, c.rms_norm_eps);
  return b.graph.add("mlp_residual", hidden, gated_mlp(b, "mlp", c.mlp, normed));
}

Value decoder(ModelBuilder& b, const GatedDecoderConfig& c, const DecoderInputs& in) {
  const auto& [ids, positions] = in;
  const RotaryTables rope = rope_tables(b, c.rope, positions);
  Value hidden = token_embedding(b, ids, c.vocab_size, c.hidden_size);
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const auto layer = b.scope(fmt::format("layers.{}", i));
    hidden = decoder_layer(b, c, hidden, rope, positions);
    if (i + 1 < c.num_hidden_layers) hidden = b.graph.rename(hidden, hidden_name(i + 1));
  }
  return b.graph.rename(rms_norm(b, "norm", hidden, c.rms_norm_eps), hidden_name(c.num_hidden_layers));
}

}  // namespace

GatedDecoderConfig read_gated_decoder(const Config& config, const GatedDecoderDefaults& defaults) {
  GatedDecoderConfig c;
  c.vocab_size = config.size("vocab_size");
  c.hidden_size = config.size("hidden_size");
  c.num_hidden_layers = config.size("num_hidden_layers");
  c.rms_norm_eps = config.positive("rms_norm_eps", 1e-6);
  c.tie_word_embeddings = config.flag("tie_word_embeddings", false);
  c.attention = read_attention(config, c.hidden_size, defaults.num_key_value_heads);
  c.mlp.intermediate_size = config.size("intermediate_size");
  c.mlp.activation = read_activation(config, "hidden_act", "silu");
  c.rope = read_rope(config, c.attention.head_dim,
                     config.size("max_position_embeddings", defaults.max_position_embeddings));
  return c;
}

graph::Model build_gated_decoder(std::string_view architecture, const Config& config,
                                 const GatedDecoderConfig& c, DecoderTask task, const sdk::Weights& weights,
                                 const sdk::Host& host) {
  require_layers(config, c.num_hidden_layers, weights);
  ModelBuilder b(architecture, weights, module_prefix(weights));
  b.tensors.ignore("rotary_emb.inv_freq");
  const DecoderInputs in = decoder_inputs(b);
  const Value hidden = decoder(b, c, in);
  if (task == DecoderTask::kSequenceClassification)
    classification_head(b, in.input_ids, hidden, read_classification(config));
  else
    language_model_head(b, hidden, {c.vocab_size, c.tie_word_embeddings}, host);
  b.tensors.finish();
  write_facts(b, {architecture, task, c.vocab_size, c.num_hidden_layers, c.rope.max_positions, c.attention});
  return std::move(b.graph).finish();
}

}  // namespace tessera::blocks
