#include "runtime/speculation/adaptive_length.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::speculation {
namespace {

constexpr double kDecay = 0.9;  // a draft: some 10 drafts are remembered

}  // namespace

double expected_tokens(double acceptance, size_t k) {
  double sum = 1, power = 1;
  for (size_t i = 0; i < k; ++i) {
    power *= acceptance;
    sum += power;
  }
  return sum;
}

AdaptiveLength::AdaptiveLength(std::vector<size_t> lengths) : lengths_(std::move(lengths)) {
  const bool ascending =
      std::adjacent_find(lengths_.begin(), lengths_.end(), std::greater_equal<>()) == lengths_.end();
  if (!lengths_.empty() && lengths_.front() > 0 && ascending) return;
  throw Error(ErrorCode::kInvalidArgument, "the numbers of speculative tokens are not ascending from 1")
      .key("num_speculative_tokens")
      .remedy("give one number, or several in ascending order");
}

size_t AdaptiveLength::best(const DraftCost& cost) const {
  size_t best = 0;
  double best_rate = 1;
  for (const size_t k : lengths_) {
    if (k > cost.free_rows) break;
    const double time = 1 + static_cast<double>(k) * (cost.draft_token + cost.verify_row);
    const double rate = expected_tokens(acceptance(), k) / time;
    if (rate <= best_rate) continue;
    best = k;
    best_rate = rate;
  }
  return best;
}

size_t AdaptiveLength::next(const DraftCost& cost) {
  const size_t least = lengths_.front();
  if (least > cost.free_rows) return 0;  // no room is no verdict on drafting
  const size_t k = best(cost);
  if (k > 0) {
    pause_.end();
    return k;
  }
  return pause_.is_over() ? least : 0;
}

void AdaptiveLength::record(size_t proposed, size_t accepted) {
  if (proposed == 0) return;
  // The first token that differs decides the draft; those behind it were never judged.
  const size_t decided = std::min(accepted + 1, proposed);
  accepted_ = kDecay * accepted_ + static_cast<double>(accepted);
  decided_ = kDecay * decided_ + static_cast<double>(decided);
}

}  // namespace tessera::speculation
