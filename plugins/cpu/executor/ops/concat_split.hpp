/// Joining and parting tensors along an axis, for the operators on tensors and on sequences.
#pragma once

#include <span>
#include <vector>

#include "../tensor.hpp"

namespace tessera::exec {

/// The parts one after another along `axis`; throws kInvalidArgument when types or other dimensions differ.
Tensor concat(std::span<const Tensor> parts, int64_t axis, BufferPool* pool);
/// Elements [first, first + count) along `axis`; the range must lie inside.
Tensor slice_axis(const Tensor& x, int64_t axis, int64_t first, int64_t count, BufferPool* pool);
/// `length` parted in `parts` equal sizes, the last smaller if need be.
std::vector<int64_t> split_sizes(int64_t length, size_t parts);

}  // namespace tessera::exec
