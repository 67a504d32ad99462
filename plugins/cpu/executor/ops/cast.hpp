/// Conversion between element types.
#pragma once

#include "../kernel.hpp"

namespace tessera::exec {

/// `x` as `to`; `x` itself when it has that type. Unaligned `x` is fine. Floating to integer truncates and
/// saturates (NaN gives 0), to half types rounds to nearest even, to bool is x != 0. Strings are read and
/// written without locale; throws kInvalidArgument for a string that is no number, kNotSupported for complex
/// types.
Tensor cast(const Tensor& x, DataType to, BufferPool* pool);

/// Wraps a kernel that knows float but no half type: half inputs are widened to float before it runs, and
/// every float output is rounded to the half type afterwards. Without half inputs it costs a look at the
/// dtypes.
Kernel widen_half(Kernel kernel);

}  // namespace tessera::exec
