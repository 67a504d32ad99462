/// Turns a graph of standard operators and `tessera` functions into what this backend runs.
///
///   tessera.Linear(x, weight)               ->  tessera.cpu.Linear(x)           weights=[3]
///   tessera.Linear of one x, three times    ->  tessera.cpu.Linear(x)           weights=[3, 4, 5], three
///   outputs tessera.Embedding(ids, weight)          ->  tessera.cpu.Embedding(ids)      weight=0
///   tessera.SlotAttention(q, k, v, ...)     ->  tessera.cpu.CachedAttention(q, k, v)   layer=7 ...
///   Mul(tessera.Silu(a), b)                 ->  tessera.cpu.SiluMul(a, b)
///
/// Large weights leave the graph: they become entries of a list, packed once in the order of their file, and
/// nodes name them by number. Retained state leaves it too: a node names its layer, the session holds the
/// caches. A call that this cannot express (a weight that is computed, say) is replaced by its function's
/// body; what remains of domain `tessera` has a kernel of its own (ops/). Lowering never changes bits: fused
/// nodes run the same kernels.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "input_rules.hpp"
#include "plugins/cpu/kernels/attention.hpp"
#include "plugins/cpu/kernels/packed_linear.hpp"
#include "tessera/sdk/graph.hpp"

namespace tessera::cpu {

/// Domain of the nodes above; version 1. Never leaves the backend.
inline constexpr std::string_view kCpuDomain = "tessera.cpu";

/// Linear layers that one node holds at most.
inline constexpr size_t kMostJoined = 4;

/// How a weight lies in memory.
enum class WeightLayout {
  kPanels,  ///< packed for Linear; serves Embedding too, so a tied weight is held once
  kRows,    ///< as in the file: an Embedding alone
};

/// One weight of the list.
struct WeightSpec {
  PackedLinear shape;  ///< [out, in] and its dtype
  WeightLayout layout = WeightLayout::kRows;
  bool stored_transposed = false;  ///< the bytes are [in, out] (Conv1D); such a weight is always packed
  graph::Tensor source;            ///< name, and where the bytes are (external, or raw_data)
};

struct LoweredModel {
  graph::Model model;
  std::vector<WeightSpec> weights;
  std::vector<KvShape> caches;  ///< by layer
  int64_t window = 0;           ///< the largest window of cached attention; 0 when a layer sees everything
  InputRules rules;
};

/// Outputs "tessera.cpu.written.<layer>" that lowering adds, empty tensors: a run must ask for them, so that
/// a step whose caller wants no output still writes its keys and values.
inline constexpr std::string_view kWrittenPrefix = "tessera.cpu.written";

/// Throws kNotSupported or kInvalidArgument naming the node or tensor; kCorruptData for a weight whose bytes
/// do not fill its shape.
LoweredModel lower(graph::Model model);

/// The functions of domain `tessera` that lower() or a kernel of ops/ takes: the property
/// `functions.claimed`.
const std::vector<std::string>& claimed_functions();

/// Bytes of a weight in memory; in the file they are out * in elements.
int64_t stored_bytes(const WeightSpec& weight);

}  // namespace tessera::cpu
