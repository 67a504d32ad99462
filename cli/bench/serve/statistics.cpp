#include "cli/bench/serve/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace tessera::cli {

Percentiles percentiles(std::vector<double> samples) {
  if (samples.empty()) return {};
  std::sort(samples.begin(), samples.end());
  const auto at = [&](double part) {
    const auto rank = static_cast<size_t>(std::ceil(part * static_cast<double>(samples.size())));
    return samples[std::max<size_t>(rank, 1) - 1];
  };
  return {at(0.5), at(0.9), at(0.99)};
}

std::vector<double> first_token_times(const std::vector<Timeline>& requests) {
  std::vector<double> times;
  for (const Timeline& request : requests) {
    if (!request.tokens.empty()) times.push_back(request.tokens.front() - request.submitted);
  }
  return times;
}

std::vector<double> inter_token_times(const std::vector<Timeline>& requests) {
  std::vector<double> times;
  for (const Timeline& request : requests) {
    for (size_t i = 1; i < request.tokens.size(); ++i) {
      times.push_back(request.tokens[i] - request.tokens[i - 1]);
    }
  }
  return times;
}

double decode_rate(const std::vector<Timeline>& requests, int64_t streams) {
  // Each request decodes from its first token to its last: where `streams` of these spans overlap is counted.
  std::vector<std::pair<double, int>> edges;
  std::vector<double> tokens;
  for (const Timeline& request : requests) {
    if (request.tokens.size() < 2) continue;
    edges.emplace_back(request.tokens.front(), 1);
    edges.emplace_back(request.tokens.back(), -1);
    tokens.insert(tokens.end(), request.tokens.begin(), request.tokens.end());
  }
  std::sort(edges.begin(), edges.end());
  std::sort(tokens.begin(), tokens.end());
  const auto until = [&](double time) {
    return std::upper_bound(tokens.begin(), tokens.end(), time) - tokens.begin();
  };
  double seconds = 0;
  int64_t count = 0, decoding = 0;
  for (size_t i = 0; i < edges.size(); ++i) {
    decoding += edges[i].second;
    if (decoding < streams || i + 1 == edges.size()) continue;
    seconds += edges[i + 1].first - edges[i].first;
    count += until(edges[i + 1].first) - until(edges[i].first);
  }
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

int64_t good_requests(const std::vector<Timeline>& requests, const Goal& goal) {
  return std::count_if(requests.begin(), requests.end(), [&](const Timeline& request) {
    if (request.tokens.empty()) return false;
    const double first = request.tokens.front() - request.submitted;
    const auto gaps = static_cast<double>(std::max<size_t>(request.tokens.size() - 1, 1));
    const double mean = (request.tokens.back() - request.tokens.front()) / gaps;
    return (goal.first_token_s <= 0 || first <= goal.first_token_s) &&
           (goal.inter_token_s <= 0 || mean <= goal.inter_token_s);
  });
}

}  // namespace tessera::cli
