/// What this machine can do at best: the denominators of every fraction that `tessera bench` prints.
/// Both run for a fraction of a second and return the best of several attempts; other load lowers them, so
/// measure them in the same run as what they are compared with.
#pragma once

#include "isa.hpp"

namespace tessera::cpu {

/// Streaming read of memory, in 10^9 bytes a second, of `threads` threads together. The buffer is far larger
/// than the last cache, but at most half of the free memory. Throws Error (kOutOfMemory) when there is none.
double measure_read_bandwidth(int threads);

/// FP32 fused multiply-adds in registers, in 10^9 operations a second (an FMA counts as two), of `threads`
/// threads together, with the vectors of `isa`.
double measure_fma_rate(int threads, Isa isa);

}  // namespace tessera::cpu
