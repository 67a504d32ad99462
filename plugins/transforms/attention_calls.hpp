/// The attention calls of a graph, and how a pass turns one function's calls into another's.
#pragma once

#include <string_view>
#include <vector>

#include "tessera/sdk/graph.hpp"

namespace tessera::transforms {

/// One function and its windowed variant.
struct AttentionKind {
  std::string_view plain;     ///< "Attention"
  std::string_view windowed;  ///< "WindowedAttention"
};

inline constexpr AttentionKind kPureAttention{"Attention", "WindowedAttention"};
inline constexpr AttentionKind kCachedAttention{"CachedAttention", "WindowedCachedAttention"};
inline constexpr AttentionKind kSlotAttention{"SlotAttention", "WindowedSlotAttention"};

/// The calls of that kind in the main graph, in its order: entry N is layer N. The pointers live until the
/// list of nodes changes. Throws kNotSupported naming a call inside a subgraph.
std::vector<graph::Node*> find_attention(graph::Model& model, AttentionKind kind);

/// Makes `call`, which is of kind `from`, a call of the function of kind `to` with the same window. The
/// caller adds inputs and outputs; `swap_functions` brings the bodies.
void retarget(graph::Node& call, AttentionKind from, AttentionKind to);

/// Adds the canonical functions of kind `to` that the graph calls, and removes functions that nothing calls
/// any more.
void swap_functions(graph::Model& model, AttentionKind to);

}  // namespace tessera::transforms
