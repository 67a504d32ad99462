/// The tokens that a row's filters have left, and the filters.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace tessera::sampling {

/// Changes to a row of logits that can be taken back.
class LogitEdits {
 public:
  void clear() { before_.clear(); }
  bool empty() const { return before_.empty(); }
  void set(std::span<float> logits, int64_t token, float value) {
    float& logit = logits[static_cast<size_t>(token)];
    before_.emplace_back(token, logit);
    logit = value;
  }
  /// Undoes all, the last first.
  void take_back(std::span<float> logits) {
    for (; !before_.empty(); before_.pop_back()) {
      logits[static_cast<size_t>(before_.back().first)] = before_.back().second;
    }
  }

 private:
  std::vector<std::pair<int64_t, float>> before_;
};

/// Tokens in the order of their ids. score = (logit - largest logit) / temperature: the largest is 0, and
/// weight = e^score is relative to the best token's probability.
struct Candidates {
  std::vector<int32_t> ids;
  std::vector<float> scores;
  size_t size() const { return ids.size(); }
};

/// Keys and weights of some candidates.
struct Band {
  std::vector<float> keys, weights;
};

/// Memory of one choose(), kept from call to call. Holds no state: any one gives the same answer. One per
/// thread serves all sequences.
struct Workspace {
  Candidates candidates;
  LogitEdits edits;
  std::vector<float> weights;   ///< e^score by candidate
  std::vector<float> values;    ///< of selections
  Band band;                    ///< where a filter's border lies
  std::vector<uint32_t> order;  ///< of sorts
  std::vector<uint32_t> words;  ///< of the noise
  std::vector<int64_t> tokens;
};

/// The k-th largest value, 1 <= k <= size, without sorting: bounded from below by the k-th largest of the
/// maxima of groups, so that few values are looked at twice. `scratch` is overwritten. No NaN.
float kth_largest(std::span<const float> values, size_t k, std::vector<float>& scratch);

/// All logits that are at least `threshold`, as candidates; with minus infinity the whole row, of which those
/// at minus infinity have weight 0.
void collect(std::span<const float> logits, float threshold, float largest, double temperature,
             Candidates& candidates);

/// Drops candidates with a score of minus infinity, which are never drawn.
void drop_impossible(Candidates& candidates);

// Each keeps what Hugging Face's warper of that name keeps, at least one token (transformers,
// generation/logits_process.py; sums in double, comparisons in float as there).
void keep_top_p(double top_p, Workspace& workspace);
void keep_min_p(double min_p, Workspace& workspace);
void keep_typical(double typical_p, Workspace& workspace);

}  // namespace tessera::sampling
