/// float16 between nodes: what -convert-to-fp16 does to a graph that is computed in float32.
#pragma once

#include <cstddef>

#include "tessera/sdk/graph.hpp"

namespace tessera::qaic::standin {

/// Lets each float32 result of arithmetic pass through float16 and back:
///
///   before   y = MatMul(a, b)
///   after    y.exact = MatMul(a, b)    y.half = Cast(y.exact, to float16)    y = Cast(y.half, to float32)
///
/// Within a node sums stay in float32, as in a card's matrix unit. Nodes that only move values (Reshape,
/// Gather, CtxScatter, ...) are left alone: what enters them has been rounded. Returns how many results were
/// rounded. Subgraphs of If and Loop stay as they are.
size_t round_results_to_half(graph::Model& model);

}  // namespace tessera::qaic::standin
