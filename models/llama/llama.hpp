/// Llama (arXiv:2302.13971, 2307.09288, 2407.21783): a decoder with pre-norm, rotary positions, grouped heads
/// and a gated MLP. Serves everything that calls itself model_type "llama": Llama 1 to 3, SmolLM, TinyLlama,
/// Yi, Vicuna, ...
#pragma once

#include <cstdint>
#include <string_view>

#include "models/blocks/attention.hpp"
#include "models/blocks/config.hpp"
#include "models/blocks/gated_mlp.hpp"
#include "models/blocks/rope_config.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::llama {

/// config.json of a Llama. Fields are its keys; defaults for absent keys are those of Hugging Face's
/// LlamaConfig, but the sizes of the model have none.
struct LlamaConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  double rms_norm_eps = 1e-6;
  bool tie_word_embeddings = false;
  blocks::AttentionConfig attention;
  blocks::GatedMlpConfig mlp;
  blocks::RopeConfig rope;
};

/// Throws kNotFound, kCorruptData or kNotSupported naming the key. `pretraining_tp`, dropouts and the like
/// say nothing about the result and are not read.
LlamaConfig read_config(const blocks::Config& config);

/// The pure graph: input_ids, position_ids (and rope_length where the scaling needs it) int64 [batch, seq] ->
/// logits float [batch, seq, vocab_size]. Values are named hidden.0 .. hidden.L; the last is after the final
/// norm. `config_text` is config.json; `task` is "causal-lm" or empty. Throws Error naming keys or tensors.
/// Any thread.
graph::Model build_llama(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                         const sdk::Host& host);

}  // namespace tessera::llama
