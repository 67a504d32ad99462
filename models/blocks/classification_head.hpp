/// Classes of a whole text, read off the last token of a decoder.
#pragma once

#include <cstdint>
#include <optional>

#include "models/blocks/config.hpp"
#include "models/blocks/model_builder.hpp"

namespace tessera::blocks {

struct ClassificationConfig {
  int64_t num_labels = 2;
  std::optional<int64_t> pad_token_id;  ///< any integer: some configs say -1
};

/// Throws kCorruptData naming the key.
ClassificationConfig read_classification(const Config& config);

/// The graph's output `logits` float [B, num_labels] = hidden[last] @ score^T, by the tensor score.weight
/// [num_labels, hidden_size], without a bias. `last` is, as in transformers 5, the rightmost token of a row
/// that is not pad_token_id, wherever the padding stands (the first token when all are); without a
/// pad_token_id the last one. A language model's head in the checkpoint is ignored.
/// ids     int64 [B, S]
/// hidden  float [B, S, hidden_size]
void classification_head(ModelBuilder& b, const graph::Value& ids, const graph::Value& hidden,
                         const ClassificationConfig& c);

}  // namespace tessera::blocks
