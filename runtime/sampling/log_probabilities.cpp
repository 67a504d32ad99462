#include "runtime/sampling/log_probabilities.hpp"

#include <algorithm>

#include "runtime/sampling/candidates.hpp"
#include "runtime/sampling/elementary.hpp"
#include "runtime/sampling/row_loops.hpp"

namespace tessera::sampling {

double log_sum_exp(std::span<const float> logits, float largest) {
  return static_cast<double>(largest) + log_positive(sum_of_exponentials(logits, largest));
}

TokenLogprobs log_probabilities(std::span<const float> logits, float largest, int64_t token, int64_t count,
                                std::vector<float>& scratch) {
  const double log_sum = log_sum_exp(logits, largest);
  const auto logprob = [&](size_t id) { return static_cast<double>(logits[id]) - log_sum; };
  TokenLogprobs result{{token, logprob(static_cast<size_t>(token))}, {}};
  const size_t wanted = std::min(static_cast<size_t>(count), logits.size());
  if (wanted == 0) return result;
  const float threshold = kth_largest(logits, wanted, scratch);
  for (size_t id = 0; id < logits.size(); ++id) {
    if (logits[id] >= threshold) result.top.push_back({static_cast<int64_t>(id), logprob(id)});
  }
  std::stable_sort(result.top.begin(), result.top.end(),
                   [](const TokenLogprob& a, const TokenLogprob& b) { return a.logprob > b.logprob; });
  result.top.resize(wanted);
  return result;
}

}  // namespace tessera::sampling
