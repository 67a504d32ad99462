/// Cosines and sines of rotary position embeddings.
#pragma once

#include <cstdint>

namespace tessera::cpu {

/// cosine[i] = cos(position * inv_freq[i]) * scale, sine likewise, i < pairs (= rotary_dim / 2).
/// The angle is rounded to F32 as Hugging Face does; its cosine is computed in F64, so it is right to 1 ULP
/// of F32 for any position below 2^24. `scale` is the attention factor of yarn and longrope, else 1. Any
/// thread.
void rotary_row(int64_t position, const float* inv_freq, int64_t pairs, float scale, float* cosine,
                float* sine);

}  // namespace tessera::cpu
