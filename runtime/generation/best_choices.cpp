#include "runtime/generation/best_choices.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace tessera {
namespace {

double mean_logprob(const GenerateResult& result) {
  double sum = 0;
  for (const sampling::TokenLogprobs& token : result.logprobs) sum += token.chosen.logprob;
  return sum / static_cast<double>(std::max<size_t>(result.logprobs.size(), 1));
}

}  // namespace

std::vector<GenerateResult> best_choices(std::vector<GenerateResult> results,
                                         const sampling::SamplingParams& params, bool keep_logprobs) {
  if (params.choices() == params.n) return results;
  std::vector<GenerateResult> best;
  const auto choices = static_cast<std::ptrdiff_t>(params.choices());
  for (auto first = results.begin(); first != results.end(); first += choices) {
    std::stable_sort(first, first + choices, [](const GenerateResult& a, const GenerateResult& b) {
      return mean_logprob(a) > mean_logprob(b);
    });
    std::move(first, first + static_cast<std::ptrdiff_t>(params.n), std::back_inserter(best));
  }
  if (!keep_logprobs) {
    for (GenerateResult& result : best) result.logprobs.clear();
  }
  return best;
}

}  // namespace tessera
