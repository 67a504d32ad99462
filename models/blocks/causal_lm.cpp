#include "models/blocks/causal_lm.hpp"

#include <fmt/format.h>

#include "tessera/sdk/calls.hpp"
#include "tessera/sdk/metadata.hpp"

namespace tessera::blocks {

using graph::DataType;
using graph::Value;

namespace {

constexpr std::string_view kEmbedding = "embed_tokens.weight";
constexpr std::string_view kEmbeddingKeys = "vocab_size, hidden_size";
constexpr std::string_view kHead = "lm_head.weight";

}  // namespace

void require_layers(const Config& config, int64_t num_hidden_layers, const sdk::Weights& weights) {
  if (num_hidden_layers <= static_cast<int64_t>(weights.size())) return;
  throw config
      .error(ErrorCode::kInvalidArgument, "num_hidden_layers",
             fmt::format("is {}, but the checkpoint has only {} tensors", num_hidden_layers, weights.size()))
      .remedy("take config.json and the weights from the same revision");
}

std::string module_prefix(const sdk::Weights& weights) {
  return weights.contains(kEmbedding) && !weights.contains("model." + std::string(kEmbedding)) ? ""
                                                                                               : "model.";
}

DecoderInputs decoder_inputs(ModelBuilder& b) {
  const graph::Shape rows = {graph::symbol("batch"), graph::symbol("seq")};
  return {b.graph.input("input_ids", DataType::kInt64, rows),
          b.graph.input("position_ids", DataType::kInt64, rows)};
}

Value token_embedding(ModelBuilder& b, const Value& ids, int64_t vocab_size, int64_t hidden_size) {
  const Value weight = b.weight(kEmbedding, {vocab_size, hidden_size}, kEmbeddingKeys);
  return b.graph.rename(embedding(b.graph, "embed_tokens", ids, weight), hidden_name(0));
}

Value lookup(ModelBuilder& b, std::string_view name, const Value& ids, int64_t rows, int64_t width,
             std::string_view keys) {
  return embedding(b.graph, name, ids, b.weight(std::string(name) + ".weight", {rows, width}, keys));
}

std::string hidden_name(int64_t index) {
  return fmt::format("hidden.{}", index);
}

void language_model_head(ModelBuilder& b, const Value& hidden, const HeadConfig& c, const sdk::Host& host) {
  b.tensors.ignore_module("score.");  // of a classifier
  const bool stored = b.tensors.has(kHead);
  if (stored && c.tie_word_embeddings) {
    host.log(
        sdk::LogLevel::kWarn, "blocks",
        "config.json says tie_word_embeddings, but the checkpoint has lm_head.weight: using lm_head.weight");
  }
  const std::vector<int64_t> dims = {c.vocab_size, hidden.width()};
  const bool tied = !stored && c.tie_word_embeddings;
  // A head that is missing though nothing ties it is asked for, too, and so ends up in the account of
  // mismatches.
  const Value weight = tied ? b.weight(std::string(c.embedding) + ".weight", dims, kEmbeddingKeys)
                            : b.tensors.take(b.graph, std::string(kHead), dims,
                                             "vocab_size, hidden_size; tie_word_embeddings is false");
  b.graph.output(b.graph.rename(graph::linear(b.graph, "lm_head", hidden, weight), "logits"));
}

void write_facts(ModelBuilder& b, const DecoderFacts& facts) {
  namespace key = graph::metadata;
  b.graph.metadata(key::kTask, std::string(task_name(facts.task)));
  b.graph.metadata(key::kArchitecture, std::string(facts.architecture));
  b.graph.metadata(key::kMaxPositions, facts.max_positions);
  b.graph.metadata(key::kVocabSize, facts.vocab_size);
  b.graph.metadata(key::kLayers, facts.layers);
  b.graph.metadata(key::kKvHeads, facts.attention.num_key_value_heads);
  b.graph.metadata(key::kHeadDim, facts.attention.head_dim);
  if (facts.attention.sliding_window > 0) b.graph.metadata(key::kWindow, facts.attention.sliding_window);
}

}  // namespace tessera::blocks
