/// BERT (arXiv:1810.04805): an encoder with post-norm, absolute positions and token types, and the heads that
/// Hugging Face's classes put on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "models/blocks/config.hpp"
#include "tessera/sdk/graph.hpp"
#include "tessera/sdk/host.hpp"
#include "tessera/sdk/weights.hpp"

namespace tessera::bert {

/// What the graph is for. Each is a class of Hugging Face.
enum class Task {
  kFeatureExtraction,       ///< BertModel: last_hidden_state, and pooler_output where there is a pooler
  kMaskedLm,                ///< BertForMaskedLM: logits [batch, seq, vocab_size]
  kSequenceClassification,  ///< BertForSequenceClassification: logits [batch, labels]
  kTokenClassification,     ///< BertForTokenClassification: logits [batch, seq, labels]
  kQuestionAnswering,       ///< BertForQuestionAnswering: start_logits, end_logits [batch, seq]
};

/// `task` by name ("masked-lm"); empty: what `architectures` says, without that feature extraction. Throws
/// kNotSupported that lists what there is.
Task read_task(const blocks::Config& config, std::string_view task);

/// config.json of a BERT. Fields are its keys; defaults for absent keys are those of Hugging Face's
/// BertConfig, but the sizes of the model have none.
struct BertConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;  ///< divides hidden_size
  int64_t intermediate_size = 0;
  int64_t max_position_embeddings = 512;
  int64_t type_vocab_size = 2;
  double layer_norm_eps = 1e-12;
  std::string hidden_act;  ///< a function of domain `tessera`
  bool tie_word_embeddings = true;
  int64_t num_labels = 2;  ///< entries of id2label
};

/// Throws kNotFound, kCorruptData or kNotSupported naming the key: relative positions, decoders and
/// cross-attention are not implemented.
BertConfig read_config(const blocks::Config& config);

/// The pure graph: input_ids, attention_mask, token_type_ids int64 [batch, seq] -> the task's outputs, float.
/// Positions are 0, 1, ... in each row, the value `position_ids`. Values are named hidden.0 (after the
/// embedding's norm) .. hidden.L. `config_text` is config.json. Throws Error naming keys or tensors. Any
/// thread.
graph::Model build_bert(std::string_view config_text, const sdk::Weights& weights, std::string_view task,
                        const sdk::Host& host);

}  // namespace tessera::bert
