#include "models/gpt2/gpt2.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>
#include <vector>

#include "models/blocks/activation.hpp"
#include "models/blocks/causal_lm.hpp"
#include "models/blocks/classification_head.hpp"
#include "models/blocks/layer_norm.hpp"
#include "models/blocks/linear.hpp"
#include "models/blocks/model_builder.hpp"
#include "tessera/sdk/calls.hpp"

namespace tessera::gpt2 {
namespace {

using namespace blocks;  // NOLINT(google-build-using-namespace): the vocabulary of graphs
using graph::Value;

AttentionConfig heads(const Gpt2Config& c) {
  AttentionConfig attention;
  attention.num_attention_heads = attention.num_key_value_heads = c.n_head;
  attention.head_dim = c.n_embd / c.n_head;
  return attention;
}

float attention_scale(const Gpt2Config& c, int64_t layer) {
  const int64_t head_dim = c.n_embd / c.n_head;
  double scale = c.scale_attn_weights ? 1 / std::sqrt(static_cast<double>(head_dim)) : 1;
  if (c.scale_attn_by_inverse_layer_idx) scale /= static_cast<double>(layer + 1);
  return static_cast<float>(scale);
}

Value norm(ModelBuilder& b, std::string_view name, const Value& x, const Gpt2Config& c) {
  return layer_norm(b, name, x, c.layer_norm_epsilon, "n_embd");
}

Value attention(ModelBuilder& b, const Gpt2Config& c, int64_t layer, const Value& x, const Value& positions) {
  const auto scope = b.scope("attn");
  const Value joined = conv1d(b, "c_attn", x, 3 * c.n_embd, "n_embd");
  const std::vector<Value> qkv = b.graph.split("qkv", joined, 3);
  const Value y = graph::attention(b.graph, "attention", qkv[0], qkv[1], qkv[2], positions,
                                   {c.n_head, c.n_head, attention_scale(c, layer), 0});
  return conv1d(b, "c_proj", y, c.n_embd, "n_embd");
}

Value mlp(ModelBuilder& b, const Gpt2Config& c, const Value& x) {
  const auto scope = b.scope("mlp");
  const Value inner = conv1d(b, "c_fc", x, c.n_inner, "n_embd, n_inner");
  const Value active = graph::activation(b.graph, "act", c.activation_function, inner);
  return conv1d(b, "c_proj", active, c.n_embd, "n_inner, n_embd");
}

Value decoder(ModelBuilder& b, const Gpt2Config& c, const DecoderInputs& in) {
  const auto& [ids, positions] = in;
  const Value words = lookup(b, "wte", ids, c.vocab_size, c.n_embd, "vocab_size, n_embd");
  const Value places = lookup(b, "wpe", positions, c.n_positions, c.n_embd, "n_positions, n_embd");
  Value hidden = b.graph.rename(b.graph.add("words_and_positions", words, places), hidden_name(0));
  for (int64_t i = 0; i < c.n_layer; ++i) {
    const auto layer = b.scope(fmt::format("h.{}", i));
    const Value normed = norm(b, "ln_1", hidden, c);
    hidden = b.graph.add("attention_residual", hidden, attention(b, c, i, normed, positions));
    hidden = b.graph.add("mlp_residual", hidden, mlp(b, c, norm(b, "ln_2", hidden, c)));
    if (i + 1 < c.n_layer) hidden = b.graph.rename(hidden, hidden_name(i + 1));
  }
  return b.graph.rename(norm(b, "ln_f", hidden, c), hidden_name(c.n_layer));
}

/// "transformer.", or nothing in a folder saved from the base class.
std::string module_prefix(const sdk::Weights& weights) {
  return weights.contains("wte.weight") && !weights.contains("transformer.wte.weight") ? "" : "transformer.";
}

}  // namespace

Gpt2Config read_config(const Config& config) {
  Gpt2Config c;
  c.vocab_size = config.size("vocab_size");
  c.n_embd = config.size("n_embd");
  c.n_layer = config.size("n_layer");
  c.n_head = config.size("n_head");
  if (c.n_embd % c.n_head != 0) {
    throw config.error(ErrorCode::kCorruptData, "n_head",
                       fmt::format("is {}, which does not divide n_embd, {}", c.n_head, c.n_embd));
  }
  c.n_positions = config.size("n_positions", c.n_positions);
  c.n_inner = config.size("n_inner", 4 * c.n_embd);
  c.activation_function = read_activation(config, "activation_function", "gelu_new");
  c.layer_norm_epsilon = config.positive("layer_norm_epsilon", c.layer_norm_epsilon);
  c.scale_attn_weights = config.flag("scale_attn_weights", c.scale_attn_weights);
  c.scale_attn_by_inverse_layer_idx =
      config.flag("scale_attn_by_inverse_layer_idx", c.scale_attn_by_inverse_layer_idx);
  c.tie_word_embeddings = config.flag("tie_word_embeddings", c.tie_word_embeddings);
  return c;
}

graph::Model build_gpt2(std::string_view config_text, const sdk::Weights& weights, std::string_view task_text,
                        const sdk::Host& host) {
  const Config config = Config::parse(config_text);
  const DecoderTask task = read_decoder_task(config, task_text);
  const Gpt2Config c = read_config(config);
  require_layers(config, c.n_layer, weights);

  ModelBuilder b("gpt2", weights, module_prefix(weights));
  b.tensors.ignore(".attn.bias");  // the causal mask as a buffer, not the bias of c_attn
  b.tensors.ignore(".attn.masked_bias");
  b.tensors.ignore_module("multiple_choice_head.");
  const DecoderInputs in = decoder_inputs(b);
  const Value hidden = decoder(b, c, in);
  if (task == DecoderTask::kSequenceClassification)
    classification_head(b, in.input_ids, hidden, read_classification(config));
  else
    language_model_head(b, hidden, {c.vocab_size, c.tie_word_embeddings, "wte"}, host);
  b.tensors.finish();
  const AttentionConfig attention = heads(c);
  write_facts(b, {"gpt2", task, c.vocab_size, c.n_layer, c.n_positions, attention});
  return std::move(b.graph).finish();
}

}  // namespace tessera::gpt2
