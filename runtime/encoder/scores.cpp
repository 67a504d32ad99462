#include "runtime/encoder/scores.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace tessera {

std::vector<float> scores_of(std::span<const float> logits, FunctionToApply function) {
  std::vector<float> scores(logits.begin(), logits.end());
  if (function == FunctionToApply::kSigmoid) {
    for (float& score : scores) score = static_cast<float>(1 / (1 + std::exp(-static_cast<double>(score))));
  }
  if (function != FunctionToApply::kSoftmax || scores.empty()) return scores;
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (const float logit : logits) sum += std::exp(logit - largest);
  for (float& score : scores) score = static_cast<float>(std::exp(score - largest) / sum);
  return scores;
}

std::vector<size_t> best(std::span<const float> scores, int64_t count) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t wanted = count < 0 ? order.size() : std::min(order.size(), static_cast<size_t>(count));
  const auto key = [&](size_t i) { return std::isnan(scores[i]) ? -INFINITY : scores[i]; };
  const auto better = [&](size_t a, size_t b) { return key(a) != key(b) ? key(a) > key(b) : a < b; };
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(wanted), order.end(), better);
  order.resize(wanted);
  return order;
}

}  // namespace tessera
