/// Which compiled shape takes prompts in.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "runtime/engine/capabilities.hpp"

namespace tessera::engine {

/// The smallest shape first: fewest tokens, then fewest rows.
void sort_by_size(std::vector<CompiledShape>& shapes);

/// The shape that takes most in, of those the first.
/// shapes  at least one, by sort_by_size()
/// left    tokens that each sequence has still to compute, in the order in which they get rows
CompiledShape prefill_shape(std::span<const CompiledShape> shapes, std::span<const int64_t> left);

}  // namespace tessera::engine
