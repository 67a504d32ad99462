/// Log-probabilities of a row of raw logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tessera/sampling.hpp"

namespace tessera::sampling {

/// log(sum of e^logit), the sum in double. `largest` is the largest logit, finite.
double log_sum_exp(std::span<const float> logits, float largest);

/// Of `token` and of the `count` best tokens (all, when there are fewer). `scratch` is overwritten.
TokenLogprobs log_probabilities(std::span<const float> logits, float largest, int64_t token, int64_t count,
                                std::vector<float>& scratch);

}  // namespace tessera::sampling
