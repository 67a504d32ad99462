/// The decoder that Llama drew and its siblings share: pre-norm layers of rotary attention with grouped heads
/// and a gated MLP, RMS norms, a head.
#pragma once

#include <cstdint>
#include <string_view>

#include "models/blocks/attention.hpp"
#include "models/blocks/config.hpp"
#include "models/blocks/decoder_task.hpp"
#include "models/blocks/gated_mlp.hpp"
#include "models/blocks/rope_config.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::blocks {

/// Fields are keys of config.json. Biases and window stay unset: they are the architecture's to say.
struct GatedDecoderConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  double rms_norm_eps = 1e-6;
  bool tie_word_embeddings = false;
  AttentionConfig attention;
  GatedMlpConfig mlp;
  RopeConfig rope;
};

/// What differs between siblings where config.json is silent.
struct GatedDecoderDefaults {
  int64_t max_position_embeddings = 0;
  int64_t num_key_value_heads = 0;  ///< 0: as many as heads
};

/// Throws kNotFound, kCorruptData or kNotSupported naming the key. `pretraining_tp`, dropouts and the like
/// say nothing about the result and are not read.
GatedDecoderConfig read_gated_decoder(const Config& config, const GatedDecoderDefaults& defaults);

/// The pure graph: input_ids, position_ids (and rope_length where the scaling needs it) int64 [batch, seq] ->
/// logits float [batch, seq, vocab_size], or of a classifier [batch, labels]. Values are named hidden.0 ..
/// hidden.L; the last is after the final norm. `architecture` names the plugin in metadata and provenance;
/// `config` is what `c` was read from. Throws Error naming keys or tensors. Any thread.
graph::Model build_gated_decoder(std::string_view architecture, const Config& config,
                                 const GatedDecoderConfig& c, DecoderTask task, const sdk::Weights& weights,
                                 const sdk::Host& host);

}  // namespace tessera::blocks
