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

#include "tessera/sdk/functions/activation.hpp"
#include "tessera/sdk/functions/attention.hpp"
#include "tessera/sdk/functions/linear.hpp"
#include "tessera/sdk/functions/norm.hpp"
#include "tessera/sdk/functions/rotary.hpp"
#include "tessera/sdk/functions/token.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

inline constexpr std::string_view kFunctionDomain = "tessera";
inline constexpr int64_t kFunctionDomainVersion = 1;

/// All of them. Made at the first call; lives for the process. Any thread.
inline const std::vector<Function>& canonical_functions() {
  static const std::vector<Function> all = [] {
    using namespace functions;  // NOLINT(google-build-using-namespace): for the length of this list
    std::vector<Function> list;
    list.push_back(embedding());
    list.push_back(linear());
    list.push_back(linear_bias());
    list.push_back(rms_norm());
    list.push_back(layer_norm());
    list.push_back(silu());
    list.push_back(gelu_tanh());
    list.push_back(gelu_erf());
    list.push_back(rotary_table());
    list.push_back(dynamic_rotary_table());
    list.push_back(long_rotary_table());
    list.push_back(rotary_embedding());
    for (const Window window : {Window::kNone, Window::kSliding}) {
      list.push_back(attention(window));
      list.push_back(cached_attention(window));
      list.push_back(slot_attention(window));
    }
    list.push_back(bidirectional_attention());
    list.push_back(packed_attention());
    list.push_back(first_token());
    return list;
  }();
  return all;
}

/// The function `name` of domain `tessera`; null when there is none.
inline const Function* find_canonical(std::string_view name) {
  for (const Function& function : canonical_functions()) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace tessera::graph
