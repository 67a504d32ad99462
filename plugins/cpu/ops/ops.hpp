/// The kernels that this backend adds to the plain executor: functions of domain `tessera` that it claims,
/// what lower() makes of others (domain `tessera.cpu`), and faster forms of a few standard operators.
///
/// All of them expect a `Step` behind exec::Context::user. One file per kind; each has one function that
/// registers.
#pragma once

#include <memory>
#include <vector>

#include "plugins/cpu/executor/kernel.hpp"
#include "plugins/cpu/step.hpp"

namespace tessera::cpu {

/// The standard operators and all kernels below. Made once; any thread.
const exec::KernelRegistry& cpu_registry();

void add_attention(exec::KernelRegistry& registry);  // Attention, WindowedAttention: without a cache
void add_bidirectional_attention(
    exec::KernelRegistry& registry);  // BidirectionalAttention, PackedAttention: encoders
void add_cached_attention(exec::KernelRegistry& registry);  // tessera.cpu.CachedAttention
void add_ctx_cache(exec::KernelRegistry& registry);         // CtxScatter, CtxGather and their forms on slots
void add_elementwise(
    exec::KernelRegistry& registry);                 // Silu, GeluTanh, GeluErf, tessera.cpu.SiluMul, Add, Mul
void add_embedding(exec::KernelRegistry& registry);  // tessera.cpu.Embedding
void add_linear(exec::KernelRegistry& registry);     // tessera.cpu.Linear
void add_layer_norm(exec::KernelRegistry& registry);  // LayerNorm
void add_rms_norm(exec::KernelRegistry& registry);    // RMSNorm, CustomRMSNorm
void add_rotary(exec::KernelRegistry& registry);      // RotaryTable and its kin, RotaryEmbedding

/// Constant input `index` of a node, a vector of F32, F16 or BF16, widened to F32; the plan need not keep it.
/// Throws kInvalidArgument when the input is no such constant.
std::shared_ptr<const std::vector<float>> widened_constant(exec::NodeSpec& node, size_t index);
/// A vector of F32, F16 or BF16 that is known only at run time.
std::vector<float> widened(const exec::Tensor& tensor);

/// Calls f(begin, end) for parts of 0 .. count - 1; on all threads when `count` items of `item_cost` (about
/// as much work as moving that many floats) are worth waking them. Bits must not depend on the cut.
template <class Function>
void for_parts(Step& step, int64_t count, int64_t item_cost, Function&& f) {
  constexpr int64_t kWorthWaking = 32 * 1024;  // some 5 microseconds of one thread
  if (count <= 0) return;
  if (count == 1 || count * item_cost < kWorthWaking) return f(0, count);
  step.pool.parallel_for(count, f);
}

/// The shape of `tensor` with another last dimension.
exec::Dims with_last(const exec::Tensor& tensor, int64_t last);

/// Throws kInvalidArgument unless the last dimension of input `index` is `expected`.
void expect_last(const exec::Tensor& tensor, int64_t expected, const char* input);

}  // namespace tessera::cpu
