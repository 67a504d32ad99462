/// Near misses: for every name that a user typed and nobody knows.
#pragma once

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

/// Levenshtein distance of two byte strings (insert, delete, replace: 1 each).
inline size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

/// A remedy line: "did you mean 'kv-cache'?" when one of `known` is near, else "one of: a, b, c".
/// `known` is any range of things that convert to std::string_view; empty gives an empty text.
template <typename Names>
std::string did_you_mean(std::string_view name, const Names& known) {
  std::string_view best;
  size_t best_distance = name.size() / 2 + 1;  // farther than half the word is no typing error
  std::string all;
  for (const auto& item : known) {
    const std::string_view candidate(item);
    const size_t distance = edit_distance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
    all += all.empty() ? "one of: " : ", ";
    all += candidate;
  }
  return best.empty() ? all : "did you mean '" + std::string(best) + "'?";
}

}  // namespace tessera
