#include "runtime/sampling/processors.hpp"

#include <limits>

namespace tessera::sampling {
namespace {

bool is_in(int64_t token, std::span<const float> logits) {
  return token >= 0 && static_cast<size_t>(token) < logits.size();
}

}  // namespace

void add_bias(std::span<const LogitBias> bias, std::span<float> logits, LogitEdits& edits) {
  for (const auto& [token, value] : bias) {
    if (is_in(token, logits)) edits.set(logits, token, logits[static_cast<size_t>(token)] + value);
  }
}

void penalize_repetition(double penalty, std::span<const TokenCount> counts, std::span<float> logits,
                         LogitEdits& edits) {
  if (penalty == 1) return;
  const auto factor = static_cast<float>(penalty);
  for (const TokenCount& count : counts) {
    if (count.in_prompt + count.generated == 0 || !is_in(count.token, logits)) continue;
    const float logit = logits[static_cast<size_t>(count.token)];
    edits.set(logits, count.token, logit < 0 ? logit * factor : logit / factor);
  }
}

void penalize_presence_and_frequency(double presence, double frequency, std::span<const TokenCount> counts,
                                     std::span<float> logits, LogitEdits& edits) {
  if (presence == 0 && frequency == 0) return;
  for (const TokenCount& count : counts) {
    if (count.generated == 0 || !is_in(count.token, logits)) continue;
    const double penalty = count.generated * frequency + presence;
    edits.set(logits, count.token,
              static_cast<float>(static_cast<double>(logits[static_cast<size_t>(count.token)]) - penalty));
  }
}

void ban(std::span<const int64_t> tokens, std::span<float> logits, LogitEdits& edits) {
  for (const int64_t token : tokens) {
    if (is_in(token, logits)) edits.set(logits, token, -std::numeric_limits<float>::infinity());
  }
}

}  // namespace tessera::sampling
