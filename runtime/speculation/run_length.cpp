#include "runtime/speculation/run_length.hpp"

#include <algorithm>

#include "runtime/speculation/adaptive_length.hpp"

namespace tessera::speculation {
namespace {

double tokens_of(std::span<const RunMember> members, size_t k) {
  double sum = 0;
  for (const RunMember& member : members) sum += expected_tokens(member.acceptance, std::min(k, member.most));
  return sum;
}

}  // namespace

size_t RunLength::best(std::span<const RunMember> members, const RunCost& cost) const {
  size_t most = 0;
  for (const RunMember& member : members) most = std::max(most, member.most);
  size_t best = 0;
  double best_rate = tokens_of(members, 0);
  for (const size_t k : lengths_) {
    const size_t paid = k - std::min(k, cost.free_columns);
    const double time = 1 + static_cast<double>(std::min(k, most)) * cost.draft_token +
                        static_cast<double>(paid) * cost.column;
    const double rate = tokens_of(members, k) / time;
    if (rate > best_rate) {
      best = k;
      best_rate = rate;
    }
    if (k >= most) break;  // longer ones hold nothing more
  }
  return best;
}

size_t RunLength::fit(std::span<const RunMember> members, RunCost cost) const {
  cost.draft_token = 0;
  return best(members, cost);
}

size_t RunLength::next(std::span<const RunMember> members, const RunCost& cost) {
  const size_t k = best(members, cost);
  if (k > 0) {
    pause_.end();
    return k;
  }
  return pause_.is_over() ? lengths_.front() : 0;
}

}  // namespace tessera::speculation
