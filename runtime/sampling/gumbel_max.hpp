/// The draw: the largest sum of score and noise.
#pragma once

#include <cstdint>

#include "runtime/sampling/candidates.hpp"
#include "runtime/sampling/noise.hpp"

namespace tessera::sampling {

/// The candidate with the largest score + gumbel(token_index, id), the lowest id among equals: token i with
/// probability e^score_i / sum of e^score. There is at least one candidate, and one has score 0.
/// Only candidates whose leading word of noise says that they may win cost a logarithm.
int64_t gumbel_max(const Candidates& candidates, const Noise& noise, uint64_t token_index,
                   Workspace& workspace);

}  // namespace tessera::sampling
