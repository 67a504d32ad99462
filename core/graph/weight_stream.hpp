/// Makes the bytes of a recipe piece by piece, in bounded memory.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/graph/weight_recipes.hpp"

namespace tessera::graph {

/// Reads `size` bytes at `offset` of the weight file at `location` to `into`; throws Error.
using ReadWeights =
    std::function<void(const std::string& location, uint64_t offset, uint64_t size, char* into)>;

/// Takes the next bytes of a weight; throws to stop.
using TakeBytes = std::function<void(std::string_view bytes)>;

/// Gives all bytes of the recipe, in order, in pieces of a few megabytes at most; holds no more than two such
/// pieces at a time. Casts round to nearest, ties to even, as ONNX's Cast does: what float16 cannot hold
/// becomes infinite. Throws what reading and taking throw.
void stream_weight(const WeightRecipe& recipe, const ReadWeights& read, const TakeBytes& take);

}  // namespace tessera::graph
