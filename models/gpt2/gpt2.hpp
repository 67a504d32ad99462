/// GPT-2 (Radford et al. 2019): a decoder with pre-norm LayerNorm, learned positions, one product for q, k
/// and v, and weights stored [in, out]. Serves everything that calls itself model_type "gpt2": GPT-2,
/// DistilGPT2, DialoGPT, ...
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/blocks/config.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::gpt2 {

/// config.json of a GPT-2. Fields are its keys; defaults for absent keys are those of Hugging Face's
/// GPT2Config, but the sizes of the model have none.
struct Gpt2Config {
  int64_t vocab_size = 0;
  int64_t n_embd = 0;
  int64_t n_layer = 0;
  int64_t n_head = 0;
  int64_t n_positions = 1024;
  int64_t n_inner = 0;                           ///< absent or null: 4 n_embd
  std::string activation_function = "GeluTanh";  ///< the function's name in the graph
  double layer_norm_epsilon = 1e-5;
  bool scale_attn_weights = true;                ///< products scaled by 1 / sqrt(n_embd / n_head)
  bool scale_attn_by_inverse_layer_idx = false;  ///< and by 1 / (layer + 1)
  bool tie_word_embeddings = true;
};

/// Throws kNotFound, kCorruptData or kNotSupported naming the key. Dropouts, `summary_*` and
/// `reorder_and_upcast_attn` (which says where half precision is left; everything here is float) say nothing
/// about the result and are not read.
Gpt2Config read_config(const blocks::Config& config);

/// The pure graph: input_ids, position_ids int64 [batch, seq] -> logits float [batch, seq, vocab_size], or
/// of a classifier [batch, labels].
/// Values are named hidden.0 (words and positions) .. hidden.L (after the final norm). `config_text` is
/// config.json; `task` as read_decoder_task takes it. Throws Error naming keys or tensors. Any thread.
graph::Model build_gpt2(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                        const sdk::Host& host);

}  // namespace tessera::gpt2
