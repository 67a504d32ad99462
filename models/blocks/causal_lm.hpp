/// What every decoder has around its layers: inputs, embedding, the language model's head, the facts for the
/// host.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/blocks/attention.hpp"
#include "models/blocks/config.hpp"
#include "models/blocks/decoder_task.hpp"
#include "models/blocks/model_builder.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::blocks {

/// Refuses a number of layers that the checkpoint cannot have, before a graph of that size is built. Throws
/// kInvalidArgument.
void require_layers(const Config& config, int64_t num_hidden_layers, const sdk::Weights& weights);

/// Where the modules' names start: "model." or, in a folder saved from the base class, "".
std::string module_prefix(const sdk::Weights& weights);

struct DecoderInputs {
  graph::Value input_ids, position_ids;  ///< int64 [batch, seq]
};
DecoderInputs decoder_inputs(ModelBuilder& b);

/// ids -> hidden.0 float [B, S, hidden_size], by the tensor embed_tokens.weight.
graph::Value token_embedding(ModelBuilder& b, const graph::Value& ids, int64_t vocab_size,
                             int64_t hidden_size);

/// ids -> float [B, S, width], by the table `name`.weight [rows, width] of the module we are in.
graph::Value lookup(ModelBuilder& b, std::string_view name, const graph::Value& ids, int64_t rows,
                    int64_t width, std::string_view keys);

/// The name of the value that leaves layer `index - 1`: "hidden.3".
std::string hidden_name(int64_t index);

/// The graph's output `logits` float [B, S, vocab_size] = hidden @ head^T. The head is the tensor
/// lm_head.weight where the checkpoint has it, even when config.json ties it (as transformers 5 does; logged
/// as a warning), else the embedding, which tie_word_embeddings must allow.
struct HeadConfig {
  int64_t vocab_size = 0;
  bool tie_word_embeddings = false;
  std::string_view embedding = "embed_tokens";  ///< whose weight a tied head is
};
void language_model_head(ModelBuilder& b, const graph::Value& hidden, const HeadConfig& c,
                         const sdk::Host& host);

/// The facts of metadata.hpp.
struct DecoderFacts {
  std::string_view architecture;
  DecoderTask task;
  int64_t vocab_size, layers, max_positions;
  const AttentionConfig& attention;
};
void write_facts(ModelBuilder& b, const DecoderFacts& facts);

}  // namespace tessera::blocks
