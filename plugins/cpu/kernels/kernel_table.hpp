/// The kernels of one instruction-set tier, as a table of functions.
///
/// Rules that all kernels keep:
/// - Batch invariance: the bits of a row's output depend on that row and on the weights, never on the number
/// of
///   rows, on how panels or rows are cut into calls, on the slot, or on the thread.
/// - Equal bits in every tier of isa.hpp: one chain of FMAs per dot product, sums in one fixed tree of 16
/// lanes, own
///   exponential in a fixed order of operations.
/// - They run as the floating-point control register says. A `ThreadPool` region sets flush-to-zero and
///   denormals-are-zero in every thread; only calls under the same setting give the same bits for subnormals.
/// - Pointers need the alignment of their element, nothing more (64 is faster); leading dimensions are in
/// elements.
///   Input and output may be the same array where "in place" is said, else they must not overlap.
/// - Nothing allocates, throws or locks. Any thread, also several at once on different outputs.
///
/// Code of a tier lives in one translation unit compiled with that tier's flags, all of it with internal
/// linkage: an inline function that two tiers share would be one symbol, and the linker might keep the
/// AVX-512 copy for everyone.
#pragma once

#include <cstdint>

#include "isa.hpp"
#include "packed_linear.hpp"

namespace tessera::cpu {

/// y = x * weight^T + bias, see linear.hpp for the way to run it on a team of threads.
struct LinearCall {
  PackedLinear shape;            ///< in = K, out = N
  const void* packed = nullptr;  ///< packed weight, see packed_linear.hpp
  const float* bias = nullptr;   ///< [out] or null; added after the whole sum
  int64_t rows = 0;              ///< M, at least 1
  const float* x = nullptr;      ///< [rows, in]
  int64_t ldx = 0;               ///< elements from a row of x to the next
  float* y = nullptr;            ///< [rows, out]
  int64_t ldy = 0;               ///< elements from a row of y to the next
};

enum class RotaryStyle : uint8_t {
  kHalf,         ///< pairs (i, i + rotary_dim / 2): Llama, GPT-NeoX
  kInterleaved,  ///< pairs (2i, 2i + 1): GPT-J
};

struct RotaryShape {
  int64_t heads = 0;
  int64_t head_dim = 0;
  int64_t rotary_dim = 0;  ///< even, at most head_dim; the elements after it stay as they are
  RotaryStyle style = RotaryStyle::kHalf;
};

struct AttentionShape;  // attention.hpp
struct AttentionRows;   // attention.hpp

struct KernelTable {
  Isa isa;

  /// Reorders rows of x for `linear`; units [unit_begin, unit_end) of linear_pack_units, in any split.
  /// packed_x has linear_pack_floats(call) floats, aligned to 64. Not needed when rows == 1: pass x itself.
  void (*pack_rows)(const LinearCall& call, int64_t unit_begin, int64_t unit_end, float* packed_x);

  /// Columns of panels [panel_begin, panel_end) of y, for all rows.
  void (*linear)(const LinearCall& call, const float* packed_x, int64_t panel_begin, int64_t panel_end);

  /// y = x * (1 / sqrt(mean(x^2) + eps)) * weight for each row (arXiv:1910.07467), all in F32 in the order of
  /// Hugging Face's LlamaRMSNorm. x, y [rows, n]; weight [n]. In place.
  void (*rms_norm)(int64_t rows, int64_t n, const float* x, int64_t ldx, const float* weight, float eps,
                   float* y, int64_t ldy);

  /// y = (x - mean(x)) * (1 / sqrt(mean((x - mean(x))^2) + eps)) * weight + bias for each row
  /// (arXiv:1607.06450). x, y [rows, n]; weight, bias [n]. In place.
  void (*layer_norm)(int64_t rows, int64_t n, const float* x, int64_t ldx, const float* weight,
                     const float* bias, float eps, float* y, int64_t ldy);

  /// Rotates the heads of one row (arXiv:2104.09864). x [heads, head_dim], in place; cosine, sine [rotary_dim
  /// / 2] from rotary_row (rotary.hpp). a' = a cos - b sin, b' = b cos + a sin; products are rounded before
  /// the sum.
  void (*rotary)(const RotaryShape& shape, const float* cosine, const float* sine, float* x);

  // Element by element, n elements, in place.
  void (*silu)(int64_t n, const float* x, float* y);  ///< x / (1 + exp(-x))
  void (*gelu_tanh)(int64_t n, const float* x,
                    float* y);                            ///< 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  void (*gelu_erf)(int64_t n, const float* x, float* y);  ///< 0.5 x (1 + erf(x / sqrt 2))
  void (*exp)(int64_t n, const float* x, float* y);       ///< within 1 ULP; +inf, +0 and NaN at the ends
  void (*add)(int64_t n, const float* a, const float* b, float* y);
  void (*mul)(int64_t n, const float* a, const float* b, float* y);

  /// y = silu(gate) * up, [rows, n] each; gate and up often are the two halves of one fused row. In place.
  void (*silu_mul)(int64_t rows, int64_t n, const float* gate, int64_t ld_gate, const float* up,
                   int64_t ld_up, float* y, int64_t ldy);

  /// Attention of query rows [row_begin, row_end) with one head of the cache, see attention.hpp.
  /// scratch has attention_scratch_floats(shape) floats, aligned to 64, one per thread.
  void (*attend)(const AttentionShape& shape, const AttentionRows& rows, int64_t kv_head, int64_t row_begin,
                 int64_t row_end, float* scratch);

  // What limits.hpp measures with. Both return a number that depends on all their work.
  float (*read_stream)(const void* data,
                       int64_t bytes);      ///< reads `bytes` (a multiple of 4096) once, in order
  float (*fma_chains)(int64_t iterations);  ///< `iterations` x fma_flops_per_iteration, in registers only
  int64_t fma_flops_per_iteration;

  // linear.hpp counts the units of `pack_rows` with these.
  int64_t tile_rows;    ///< rows of a register tile
  int64_t stream_rows;  ///< rows of a tile that waits for memory: some of its sums may live in the
                        ///< first-level cache
};

/// The kernels of a tier. The caller asks only for tiers that `detect()` lists: others trap.
const KernelTable& kernels(Isa isa);

}  // namespace tessera::cpu
