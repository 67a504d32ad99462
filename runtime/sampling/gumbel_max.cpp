#include "runtime/sampling/gumbel_max.hpp"

#include <algorithm>
#include <limits>

#include "runtime/sampling/elementary.hpp"
#include "runtime/sampling/row_loops.hpp"

namespace tessera::sampling {
namespace {

constexpr size_t kRaceBlock = 256;  // candidates between two looks at the best so far

/// The best so far, and what a token needs to beat it.
class Race {
 public:
  Race(const Noise& noise, uint64_t token_index) : noise_(noise), token_index_(token_index) {}

  void enter(int32_t id, float score) {
    const double sum = static_cast<double>(score) + noise_.gumbel(token_index_, id);
    if (sum > best_ || (sum == best_ && id < winner_)) {
      best_ = sum;
      winner_ = id;
    }
  }

  int32_t winner() const { return winner_; }

  /// score - log(e) > best needs e < e^(score - best), and e >= word * 2^-32. This is e^-best, a little more
  /// for the rounding of float.
  float reach() const {
    const float inverse = best_ >= 0 ? exp_negative(static_cast<float>(-best_))
                                     : 1 / exp_negative(static_cast<float>(std::max(best_, -80.0)));
    return inverse * 1.0001F;
  }

 private:
  const Noise& noise_;
  uint64_t token_index_;
  double best_ = -std::numeric_limits<double>::infinity();
  int32_t winner_ = std::numeric_limits<int32_t>::max();
};

/// Leading words of the candidates [begin, end), behind one another from `words`.
void words_of(const Candidates& candidates, size_t begin, size_t end, const Noise& noise,
              uint64_t token_index, std::vector<uint32_t>& words) {
  const int64_t first = candidates.ids[begin] / 4 * 4;
  const auto span = static_cast<size_t>(candidates.ids[end - 1] - first) / 4 * 4 + 4;
  words.resize(span);
  noise.leading_words(token_index, first, words);
  // Ids ascend, so a word is never read after its place has been written.
  for (size_t i = begin; i < end; ++i) {
    words[i - begin] = words[static_cast<size_t>(candidates.ids[i] - first)];
  }
}

}  // namespace

int64_t gumbel_max(const Candidates& candidates, const Noise& noise, uint64_t token_index,
                   Workspace& workspace) {
  Race race(noise, token_index);
  const size_t count = candidates.size();
  const int32_t* ids = candidates.ids.data();
  const float* scores = candidates.scores.data();
  if (count <= 32) {
    for (size_t i = 0; i < count; ++i) race.enter(ids[i], scores[i]);
    return race.winner();
  }
  const auto likeliest = static_cast<size_t>(std::find(scores, scores + count, 0.0F) - scores);
  race.enter(ids[likeliest], scores[likeliest]);
  for (size_t begin = 0; begin < count; begin += kRaceBlock) {
    const size_t end = std::min(begin + kRaceBlock, count);
    words_of(candidates, begin, end, noise, token_index, workspace.words);
    const uint32_t* words = workspace.words.data();
    const float reach = race.reach();
    float weights[kRaceBlock];
    exponentials({scores + begin, end - begin}, weights);
    for (size_t i = 0; i < end - begin; ++i) {
      // Half the word fits a signed conversion, which vectors have.
      const float least = static_cast<float>(static_cast<int32_t>(words[i] >> 1)) * 0x1p-31F;
      if (least <= weights[i] * reach) race.enter(ids[begin + i], scores[begin + i]);
    }
  }
  return race.winner();
}

}  // namespace tessera::sampling
