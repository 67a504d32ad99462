/// The shapes that a program is compiled for, as a user says them; and what contradicts itself in them.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::qaic {

enum class Phase { kBoth, kPrefillOnly, kDecodeOnly };

/// Sizes of a decoder's program. Names are the options that QAic users type.
struct DecoderShapes {
  int64_t prefill_seq_len = 32;     ///< tokens of one prefill call
  int64_t ctx_len = 128;            ///< positions that a slot holds
  int64_t batch_size = 1;           ///< rows of a call, without continuous batching
  int64_t full_batch_size = 0;      ///< rows of a decode call under continuous batching; 0: none
  int64_t kv_cache_batch_size = 0;  ///< slots held, full_batch_size or more; 0: full_batch_size
  bool speculative_target = false;
  std::vector<int64_t> num_speculative_tokens = {};  ///< K of each decode shape; of a target only
  bool ccl_enabled = false;
  std::vector<int64_t> comp_ctx_lengths_prefill = {},
                       comp_ctx_lengths_decode = {};  ///< empty: chosen; with CCL only
  Phase phase = Phase::kBoth;
  int64_t max_positions = 0;  ///< rows of the model's position table; 0: not known

  bool continuous_batching() const { return full_batch_size > 0; }
  int64_t slots() const { return kv_cache_batch_size > 0 ? kv_cache_batch_size : full_batch_size; }
};

/// Throws kInvalidArgument whose key is the option to change, for sizes below 1 (K below 0) and
/// contradictions: ctx_len below prefill_seq_len or beyond the model's positions, K without a target, a
/// target without K, a prefill shorter than K + 1, more rows than slots, kv_cache_batch_size or batch_size
/// beside what they exclude. kNotSupported for CCL with a target.
void check_shapes(const DecoderShapes& shapes);

/// Compute context lengths of a program, ascending.
struct ContextLengths {
  int64_t ctx_len = 0;  ///< rounded up to a multiple of 1024
  std::vector<int64_t> prefill, decode;
};

/// The lists for `shapes`, chosen where the user gave none: powers of two from 4096, the four largest at
/// most, and ctx_len. A prefill value is never a decode value (two shapes would be one): it is lowered by
/// steps of 32. With prefill_seq_len 1 both lists are equal. A prompt longer than the last prefill value
/// loses keys: refuse it before the run. (Our reading of Efficient Transformers' lists.)
ContextLengths context_lengths(const DecoderShapes& shapes);

}  // namespace tessera::qaic
