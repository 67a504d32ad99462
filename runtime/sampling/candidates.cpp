#include "runtime/sampling/candidates.hpp"

#include <algorithm>
#include <functional>
#include <numeric>

#include "runtime/sampling/row_loops.hpp"

namespace tessera::sampling {
namespace {

constexpr size_t kScanBlock = 32;  // of next_block_at_least

/// Calls f(i) for each value that is at least the threshold, in order. Most values are below.
template <typename F>
void for_each_at_least(std::span<const float> values, float threshold, const F& f) {
  size_t i = next_block_at_least(values, 0, threshold);
  for (; i + kScanBlock <= values.size(); i = next_block_at_least(values, i + kScanBlock, threshold)) {
    for (size_t lane = i; lane < i + kScanBlock; ++lane) {
      if (values[lane] >= threshold) f(lane);
    }
  }
  for (; i < values.size(); ++i) {
    if (values[i] >= threshold) f(i);
  }
}

float nth_largest(std::vector<float>& values, size_t k) {
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(k - 1);
  std::nth_element(values.begin(), nth, values.end(), std::greater<>());
  return *nth;
}

void weigh(Workspace& w) {
  w.weights.resize(w.candidates.size());
  exponentials(w.candidates.scores, w.weights);
}

/// The last one kept when candidates are taken from the largest key down, the lower id first among equals,
/// until their mass is enough.
struct Cut {
  float key;
  size_t equals;  ///< candidates of this key that were taken
};

/// Candidates with keys in [low, high), in the order of their ids.
void take_band(std::span<const float> keys, std::span<const float> weights, float low, float high,
               Band& band) {
  band.keys.clear();
  band.weights.clear();
  for_each_at_least(keys, low, [&](size_t i) {
    if (keys[i] >= high) return;
    band.keys.push_back(keys[i]);
    band.weights.push_back(weights[i]);
  });
}

/// Drops what is outside [low, high) from a band.
void narrow(Band& band, float low, float high) {
  size_t kept = 0;
  for (size_t i = 0; i < band.keys.size(); ++i) {
    band.keys[kept] = band.keys[i];
    band.weights[kept] = band.weights[i];
    kept += static_cast<size_t>(band.keys[i] >= low && band.keys[i] < high);
  }
  band.keys.resize(kept);
  band.weights.resize(kept);
}

/// `enough(mass)` is false, then true, for growing mass; keys are <= 0. Finds the band of keys that the cut
/// lies in, halves it until it is short, and sorts only that.
template <typename Enough>
Cut find_cut(std::span<const float> keys, std::span<const float> weights, Workspace& w,
             const Enough& enough) {
  double mass = 0;
  float high = 1, low = -0.5F;
  for (; low > -128; low *= 2) {
    const double more = mass_between(keys, weights, low, high);
    if (enough(mass + more)) break;
    mass += more;
    high = low;
  }
  if (low <= -128) low = -kInfinity;
  Band& band = w.band;
  take_band(keys, weights, low, high, band);
  if (band.keys.empty()) {  // rounding: all together are not enough
    const float least = *std::min_element(keys.begin(), keys.end());
    return {least, static_cast<size_t>(std::count(keys.begin(), keys.end(), least))};
  }
  while (band.keys.size() > 64 && low > -kInfinity) {
    const float middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;  // all equal
    const double upper = mass_between(band.keys, band.weights, middle, high);
    if (enough(mass + upper)) {
      low = middle;
    } else {
      mass += upper;
      high = middle;
    }
    narrow(band, low, high);
  }
  std::vector<uint32_t>& order = w.order;
  order.resize(band.keys.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return band.keys[a] > band.keys[b]; });
  size_t last = 0;
  for (; last + 1 < order.size(); ++last) {
    mass += static_cast<double>(band.weights[order[last]]);
    if (enough(mass)) break;
  }
  Cut cut{band.keys[order[last]], 0};
  for (size_t i = 0; i <= last; ++i) cut.equals += band.keys[order[i]] == cut.key ? 1 : 0;
  return cut;
}

/// Keeps candidate i where keep(i) says so; asked once for each, in order.
template <typename Keep>
void keep_if(Candidates& candidates, const Keep& keep) {
  size_t kept = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (!keep(i)) continue;
    candidates.ids[kept] = candidates.ids[i];
    candidates.scores[kept] = candidates.scores[i];
    ++kept;
  }
  candidates.ids.resize(kept);
  candidates.scores.resize(kept);
}

/// Keeps the candidates whose key is at least the cut's; of those equal to it the `equals` lowest ids. The
/// keys may be the scores: what is overwritten has been asked about.
void keep_to(Cut cut, std::span<const float> keys, Candidates& candidates) {
  keep_if(candidates, [&](size_t i) {
    if (keys[i] != cut.key) return keys[i] > cut.key;
    if (cut.equals == 0) return false;
    --cut.equals;
    return true;
  });
}

}  // namespace

float kth_largest(std::span<const float> values, size_t k, std::vector<float>& scratch) {
  // Maxima of interleaved groups, so that the loop over groups vectorises. k groups at least have a maximum
  // that is no smaller than the k-th largest maximum: so have k values.
  const size_t groups = (8 * k + kScanBlock - 1) / kScanBlock * kScanBlock;
  if (groups * 4 > values.size()) {
    scratch.assign(values.begin(), values.end());
    return nth_largest(scratch, k);
  }
  scratch.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(groups));
  size_t row = groups;
  for (; row + groups <= values.size(); row += groups) raise_to(scratch, values.data() + row);
  for (; row < values.size(); ++row) scratch[row % groups] = std::max(scratch[row % groups], values[row]);
  const float bound = nth_largest(scratch, k);
  scratch.clear();
  for_each_at_least(values, bound, [&](size_t i) { scratch.push_back(values[i]); });
  return nth_largest(scratch, k);
}

void collect(std::span<const float> logits, float threshold, float largest, double temperature,
             Candidates& candidates) {
  std::vector<int32_t>& ids = candidates.ids;
  std::vector<float>& scores = candidates.scores;
  const auto divisor = static_cast<float>(temperature);
  if (threshold == -kInfinity) {
    ids.resize(logits.size());
    scores.resize(logits.size());
    std::iota(ids.begin(), ids.end(), 0);
    scale_row(logits, largest, divisor, scores);
    return;
  }
  ids.clear();
  scores.clear();
  for_each_at_least(logits, threshold, [&](size_t i) {
    ids.push_back(static_cast<int32_t>(i));
    scores.push_back(logits[i]);
  });
  scale_row(scores, largest, divisor, scores);
}

void drop_impossible(Candidates& candidates) {
  keep_if(candidates, [&](size_t i) { return candidates.scores[i] > -kInfinity; });
}

void keep_top_p(double top_p, Workspace& w) {
  weigh(w);
  const std::span<const float> scores = w.candidates.scores;
  const double total = mass_between(scores, w.weights, -kInfinity, 1);
  // Hugging Face removes what has 1 - top_p or less at and below it, in float: 0.9 of ten equal tokens is
  // nine.
  const auto removed = static_cast<float>(1 - top_p);
  const Cut cut = find_cut(scores, w.weights, w,
                           [&](double mass) { return static_cast<float>(1 - mass / total) <= removed; });
  keep_to(cut, scores, w.candidates);
}

void keep_min_p(double min_p, Workspace& w) {
  weigh(w);
  const auto least = static_cast<float>(min_p);
  keep_if(w.candidates, [&](size_t i) { return w.weights[i] >= least; });
}

void keep_typical(double typical_p, Workspace& w) {
  weigh(w);
  const std::vector<float>& scores = w.candidates.scores;
  const double total = mass_between(scores, w.weights, -kInfinity, 1);
  // -log P(i) = log total - score, and the entropy is its mean.
  const double mean_score = dot(scores, w.weights) / total;
  w.values.resize(scores.size());
  distances_below(scores, mean_score, w.values);
  const auto wanted = static_cast<float>(typical_p);
  Cut cut = find_cut(w.values, w.weights, w,
                     [&](double mass) { return static_cast<float>(mass / total) >= wanted; });
  cut.equals = static_cast<size_t>(std::count(w.values.begin(), w.values.end(), cut.key));
  keep_to(cut, w.values, w.candidates);
}

}  // namespace tessera::sampling
