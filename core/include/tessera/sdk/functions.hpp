/// The functions of ONNX domain `tessera`, version 1: composite operators that every model carries with their
/// bodies.
///
/// A backend may claim a function and run it as one kernel; whoever does not claim it inlines the body.
/// Rules:
/// - Name, inputs and attributes alone fix the meaning. There is one body a name, the one here; the host
/// refuses
///   models that bring another.
/// - Fixed arity, no omitted input; every attribute is written at every call. A variant is another name.
/// - Everything is computed in float32. Weights may be F32, F16 or BF16 (Cast in the body); `positions` and
/// the like
///   are int64. Bodies are opset 17.
///
/// | function | inputs -> outputs | attributes |
/// |---|---|---|
/// | Embedding | ids, weight -> y | |
/// | Linear, LinearBias | x, weight(, bias) -> y | |
/// | Conv1D | x, weight, bias -> y | |
/// | RMSNorm | x, weight -> y | epsilon f |
/// | LayerNorm | x, weight, bias -> y | epsilon f |
/// | Silu, GeluTanh, GeluErf | x -> y | |
/// | RotaryTable | positions, inv_freq -> cos, sin | scale f |
/// | DynamicRotaryTable | positions, length -> cos, sin | rotary_dim i, theta f, factor f, original_length i
/// | | LongRotaryTable | positions, length, short_inv_freq, long_inv_freq -> cos, sin | scale f,
/// original_length i | | RotaryEmbedding | x, cos, sin -> y | num_heads i | | Attention | q, k, v, positions
/// -> y | num_heads i, kv_heads i, scale f | | CachedAttention | q, k, v, positions, past_key, past_value ->
/// y, present_key, present_value | as Attention | | SlotAttention | q, k, v, positions, batch_index,
/// past_key, past_value -> as CachedAttention | as Attention | | WindowedAttention, WindowedCachedAttention,
/// WindowedSlotAttention | the same | and window i | | BidirectionalAttention | q, k, v, attention_mask -> y
/// | as Attention | | PackedAttention | q, k, v, batch_index -> y | as Attention | | FirstToken | x -> y | |
///
/// Shapes and formulas stand at each body in functions/.
#pragma once

#include <string_view>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

inline constexpr std::string_view kFunctionDomain = "tessera";
inline constexpr int64_t kFunctionDomainVersion = 1;

/// All of them. Made at the first call; lives for the process. Any thread.
const std::vector<Function>& canonical_functions();

/// The function `name` of domain `tessera`; null when there is none.
inline const Function* find_canonical(std::string_view name) {
  for (const Function& function : canonical_functions()) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace tessera::graph

#ifndef TESSERA_SDK_SEPARATE
#include "tessera/sdk/bodies/functions.hpp"
#endif
