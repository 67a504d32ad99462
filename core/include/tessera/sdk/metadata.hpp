/// Facts of a model that an architecture writes into `metadata_props` and passes keep: so the host knows
/// limits and memory without knowing the architecture. Numbers are decimal texts.
#pragma once

#include <string_view>

namespace tessera::graph::metadata {

/// "causal-lm", "feature-extraction", "masked-lm", "sequence-classification", "token-classification",
/// "question-answering"
inline constexpr std::string_view kTask = "tessera.task";
inline constexpr std::string_view kArchitecture = "tessera.architecture";  ///< "llama"
/// Positions the model can take: for dynamic scaling max_position_embeddings times the factor.
inline constexpr std::string_view kMaxPositions = "tessera.max_positions";
inline constexpr std::string_view kVocabSize = "tessera.vocab_size";  ///< rows of the head
inline constexpr std::string_view kLayers = "tessera.layers";
inline constexpr std::string_view kKvHeads = "tessera.kv_heads";
inline constexpr std::string_view kHeadDim = "tessera.head_dim";
inline constexpr std::string_view kWindow =
    "tessera.window";  ///< tokens a row may look back; absent or 0: no window
/// "1" when the graph has the input rope_length (scalings that depend on the length).
inline constexpr std::string_view kRopeLength = "tessera.rope_length";
/// Written by the host when a backend takes the graph: the passes that it went through, a line each, with
/// options, version and plugin.
inline constexpr std::string_view kPasses = "tessera.passes";

/// Of an encoder whose output `pooled` is one vector a sequence: "mean", "cls", "max". Absent: one a token.
inline constexpr std::string_view kPooling = "tessera.pooling";

}  // namespace tessera::graph::metadata
