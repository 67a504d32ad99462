#include "runtime/sampling/log_probabilities.hpp"

#include <algorithm>

#include "runtime/sampling/candidates.hpp"
#include "runtime/sampling/elementary.hpp"

namespace tessera::sampling {

double log_sum_exp(std::span<const float> logits, float largest) {
  constexpr size_t kLanes = 16;
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= logits.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      lanes[lane] += static_cast<double>(exp_negative(logits[i + lane] - largest));
    }
  }
  for (; i < logits.size(); ++i) lanes[i % kLanes] += static_cast<double>(exp_negative(logits[i] - largest));
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return static_cast<double>(largest) + log_positive(sum);
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
