/// Convolution for float and for the quantized operators.
#pragma once

#include "sliding_window.hpp"

namespace tessera::exec {

/// x [N, C, spatial...], weight [M, C/groups, kernel...], bias [M] or absent -> [N, M, spatial...], of x's
/// type. float, double or int32 (padding is 0). Throws kInvalidArgument when the shapes do not fit.
Tensor convolve(const Tensor& x, const Tensor& weight, const Tensor& bias, const SlidingWindow& window,
                int64_t groups, BufferPool* pool);

}  // namespace tessera::exec
