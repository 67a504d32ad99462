/// float32, float16 and bfloat16 in bulk: what a conversion of weights is made of.
#pragma once

#include <cstddef>

#include "tessera/sdk/graph.hpp"

namespace tessera::graph {

/// `count` elements of `dtype` (kFloat, kFloat16, kBfloat16) at `in`, which may be unaligned, as float32;
/// each is exact. Throws kNotSupported for another type.
void to_floats(DataType dtype, const char* in, size_t count, float* out);

/// The reverse: rounds to nearest, ties to even; what float16 cannot hold becomes infinite, no-numbers stay
/// quiet ones.
void from_floats(DataType dtype, const float* in, size_t count, char* out);

/// Each value to the nearest that float16 has.
void round_to_float16(float* values, size_t count);

}  // namespace tessera::graph
