#include "runtime/sampling/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "runtime/sampling/elementary.hpp"

namespace tessera::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr size_t kLanes = 16;  // elements that are worked on together; what the compiler vectorises

/// Calls f(i) for each value that is at least the threshold, in order. Most values are below.
template <typename F>
void for_each_at_least(std::span<const float> values, float threshold, const F& f) {
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    int any = 0;
    for (size_t lane = 0; lane < kLanes; ++lane) any |= values[i + lane] >= threshold ? 1 : 0;
    if (any == 0) continue;
    for (size_t lane = 0; lane < kLanes; ++lane) {
      if (values[i + lane] >= threshold) f(i + lane);
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
  const size_t count = w.candidates.size();
  w.weights.resize(count);
  const float* scores = w.candidates.scores.data();
  float* weights = w.weights.data();
  for (size_t i = 0; i < count; ++i) weights[i] = exp_negative(scores[i]);
}

/// Sum of the weights whose key is in [low, high), in double and in a fixed order.
double mass_between(std::span<const float> keys, std::span<const float> weights, float low, float high) {
  double lanes[kLanes] = {};
  size_t i = 0;
  for (; i + kLanes <= keys.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const float key = keys[i + lane];
      lanes[lane] += static_cast<double>(((key >= low) & (key < high)) != 0 ? weights[i + lane] : 0.0F);
    }
  }
  for (; i < keys.size(); ++i) {
    if (keys[i] >= low && keys[i] < high) lanes[i % kLanes] += static_cast<double>(weights[i]);
  }
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

/// The last one kept when candidates are taken from the largest key down, the higher id first among equals
/// (as a stable ascending sort leaves them), until their mass is enough.
struct Cut {
  float key;
  size_t equals;  ///< candidates of this key that were taken
};

/// `enough(mass)` is false, then true, for growing mass; keys are <= 0. Looks for the band of keys that the
/// cut lies in and sorts only that one.
template <typename Enough>
Cut find_cut(std::span<const float> keys, std::span<const float> weights, std::vector<uint32_t>& order,
             const Enough& enough) {
  double mass = 0;
  float high = kInfinity;
  float low = -0.5F;
  for (; low > -128; low *= 2) {
    const double band = mass_between(keys, weights, low, high);
    if (enough(mass + band)) break;
    mass += band;
    high = low;
  }
  if (low <= -128) low = -kInfinity;
  order.clear();
  for_each_at_least(keys, low, [&](size_t i) {
    if (keys[i] < high) order.push_back(static_cast<uint32_t>(i));
  });
  if (order.empty()) {  // rounding: all together are not enough
    const float least = *std::min_element(keys.begin(), keys.end());
    return {least, static_cast<size_t>(std::count(keys.begin(), keys.end(), least))};
  }
  // Quickselect by mass: what is surely taken or surely not is put aside.
  const auto before = [&](uint32_t a, uint32_t b) {
    return keys[a] > keys[b] || (keys[a] == keys[b] && a > b);
  };
  auto first = order.begin(), last = order.end();
  while (last - first > 128) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last, before);
    double upper = 0;
    for (auto it = first; it != middle; ++it) upper += static_cast<double>(weights[*it]);
    if (enough(mass + upper)) {
      last = middle;
    } else {
      mass += upper;
      first = middle;
    }
  }
  std::sort(first, last, before);
  auto cut = first;
  for (; cut + 1 < last; ++cut) {
    mass += static_cast<double>(weights[*cut]);
    if (enough(mass)) break;
  }
  const float key = keys[*cut];
  const auto taken = std::count_if(order.begin(), cut + 1, [&](uint32_t i) { return keys[i] == key; });
  return {key, static_cast<size_t>(taken)};
}

/// Keeps the candidates whose key is at least the cut's; of those equal to it the `equals` highest ids.
void keep_to(Cut cut, std::span<const float> keys, Candidates& candidates) {
  size_t skip = static_cast<size_t>(std::count(keys.begin(), keys.end(), cut.key)) - cut.equals;
  size_t kept = 0;
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] < cut.key) continue;
    if (keys[i] == cut.key && skip > 0) {
      --skip;
      continue;
    }
    candidates.ids[kept] = candidates.ids[i];
    candidates.scores[kept] = candidates.scores[i];
    ++kept;
  }
  candidates.ids.resize(kept);
  candidates.scores.resize(kept);
}

}  // namespace

float kth_largest(std::span<const float> values, size_t k, std::vector<float>& scratch) {
  // Maxima of interleaved groups, so that the loop over groups vectorises. k groups at least have a maximum
  // that is no smaller than the k-th largest maximum: so have k values.
  const size_t groups = (8 * k + kLanes - 1) / kLanes * kLanes;
  if (groups * 4 > values.size()) {
    scratch.assign(values.begin(), values.end());
    return nth_largest(scratch, k);
  }
  scratch.assign(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(groups));
  size_t row = groups;
  for (; row + groups <= values.size(); row += groups) {
    float* maxima = scratch.data();
    const float* next = values.data() + row;
    for (size_t group = 0; group < groups; ++group) {
      maxima[group] = next[group] > maxima[group] ? next[group] : maxima[group];
    }
  }
  for (; row < values.size(); ++row) scratch[row % groups] = std::max(scratch[row % groups], values[row]);
  const float bound = nth_largest(scratch, k);
  scratch.clear();
  for_each_at_least(values, bound, [&](size_t i) { scratch.push_back(values[i]); });
  return nth_largest(scratch, k);
}

void collect(std::span<const float> logits, float threshold, float largest, double temperature,
             Candidates& candidates) {
  candidates.ids.clear();
  candidates.scores.clear();
  const float lowest = std::max(threshold, std::numeric_limits<float>::lowest());
  for_each_at_least(logits, lowest, [&](size_t i) {
    candidates.ids.push_back(static_cast<int32_t>(i));
    candidates.scores.push_back(logits[i] - largest);
  });
  const auto divisor = static_cast<float>(temperature);
  for (float& score : candidates.scores) score /= divisor;
}

void keep_top_p(double top_p, Workspace& w) {
  weigh(w);
  const std::span<const float> scores = w.candidates.scores;
  const double total = mass_between(scores, w.weights, -kInfinity, kInfinity);
  // Hugging Face removes what has 1 - top_p or less at and below it, in float: 0.9 of ten equal tokens is
  // nine.
  const auto removed = static_cast<float>(1 - top_p);
  const Cut cut = find_cut(scores, w.weights, w.order,
                           [&](double mass) { return static_cast<float>(1 - mass / total) <= removed; });
  keep_to(cut, scores, w.candidates);
}

void keep_min_p(double min_p, Workspace& w) {
  weigh(w);
  const auto least = static_cast<float>(min_p);
  Candidates& candidates = w.candidates;
  size_t kept = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (w.weights[i] < least) continue;
    candidates.ids[kept] = candidates.ids[i];
    candidates.scores[kept] = candidates.scores[i];
    ++kept;
  }
  candidates.ids.resize(kept);
  candidates.scores.resize(kept);
}

void keep_typical(double typical_p, Workspace& w) {
  weigh(w);
  const std::vector<float>& scores = w.candidates.scores;
  const double total = mass_between(scores, w.weights, -kInfinity, kInfinity);
  const double log_total = log_positive(total);
  double lanes[kLanes] = {};
  for (size_t i = 0; i < scores.size(); ++i) {
    if (w.weights[i] > 0) {
      lanes[i % kLanes] += static_cast<double>(w.weights[i]) * (log_total - static_cast<double>(scores[i]));
    }
  }
  double entropy = 0;
  for (const double lane : lanes) entropy += lane;
  entropy /= total;
  w.values.resize(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    const double information = log_total - static_cast<double>(scores[i]);
    w.values[i] = -static_cast<float>(std::abs(information - entropy));
  }
  const auto wanted = static_cast<float>(typical_p);
  Cut cut = find_cut(w.values, w.weights, w.order,
                     [&](double mass) { return static_cast<float>(mass / total) >= wanted; });
  cut.equals = static_cast<size_t>(std::count(w.values.begin(), w.values.end(), cut.key));
  keep_to(cut, w.values, w.candidates);
}

}  // namespace tessera::sampling
