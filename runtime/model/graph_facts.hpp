/// What a graph says of its model: the metadata that every architecture writes and passes keep (`tessera.*`).
#pragma once

#include <cstdint>
#include <string>

#include "tessera/sdk/graph.hpp"

namespace tessera {

struct GraphFacts {
  std::string task;
  std::string architecture;
  int64_t layers = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  int64_t vocab_size = 0;     ///< rows of the head
  int64_t max_positions = 0;  ///< for dynamic scaling times the factor
  int64_t window = 0;         ///< tokens that a row may look back; 0: all
  bool rope_length = false;   ///< the graph has the input `rope_length`

  /// Float32 keys and values of one token in all layers; 0 for models that keep none.
  uint64_t kv_bytes_per_token() const {
    if (task != "causal-lm") return 0;
    return static_cast<uint64_t>(layers * kv_heads * head_dim) * 2 * sizeof(float);
  }
};

/// Throws Error kCorruptData naming the key that is missing or no whole number >= 0.
GraphFacts read_facts(const graph::Model& model);

}  // namespace tessera
