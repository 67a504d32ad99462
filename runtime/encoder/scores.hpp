/// Logits to scores.
#pragma once

#include <span>
#include <vector>

#include "runtime/encoder/checkpoint_texts.hpp"

namespace tessera {

/// Softmax, sigmoid of each, or the logits themselves; computed in double.
std::vector<float> scores_of(std::span<const float> logits, FunctionToApply function);

/// Indices of the `count` largest values (count < 0: of all), the largest first, the lower index among
/// equals.
std::vector<size_t> best(std::span<const float> scores, int64_t count);

}  // namespace tessera
