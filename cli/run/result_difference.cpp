#include "cli/run/result_difference.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <map>

namespace tessera::cli {
namespace {

namespace json = boost::json;

/// Natural logarithms by token.
using LogProbabilities = std::map<int64_t, double>;

std::string error_of(const json::object& line) {
  if (!line.at("error").is_string()) return {};
  return std::string(std::string_view(line.at("error").as_string()));
}

/// Those that are listed at a place; none where the result has ended or lists none.
LogProbabilities listed_at(const json::object& line, uint64_t place) {
  LogProbabilities listed;
  const json::value* all = line.if_contains("logprobs");
  if (all == nullptr || place >= all->as_array().size()) return listed;
  const auto add = [&](const json::value& token) {
    listed[token.at("token").to_number<int64_t>()] = token.at("logprob").to_number<double>();
  };
  const json::object& here = all->as_array()[place].as_object();
  add(here);
  if (const json::value* top = here.if_contains("top")) {
    for (const json::value& token : top->as_array()) add(token);
  }
  return listed;
}

void compare_tokens(const json::array& a, const json::array& b, ResultDifference& difference) {
  const size_t shorter = std::min(a.size(), b.size()), longer = std::max(a.size(), b.size());
  uint64_t same = 0;
  for (size_t i = 0; i < longer; ++i) {
    if (i < shorter && a[i] == b[i]) {
      ++same;
    } else if (!difference.first) {
      difference.first = i;
      difference.token_a = i < a.size() ? a[i].to_number<int64_t>() : -1;
      difference.token_b = i < b.size() ? b[i].to_number<int64_t>() : -1;
    }
  }
  if (longer > 0) difference.agreement = static_cast<double>(same) / static_cast<double>(longer);
}

/// Places up to the first difference have the same text before them, that of the difference too.
void compare_probabilities(const json::object& a, const json::object& b, ResultDifference& difference) {
  const uint64_t shorter = std::min(difference.tokens_a, difference.tokens_b);
  const uint64_t places = difference.first ? std::min(*difference.first + 1, shorter) : shorter;
  double sum = 0;
  for (uint64_t place = 0; place < places; ++place) {
    const LogProbabilities of_a = listed_at(a, place), of_b = listed_at(b, place);
    for (const auto& [token, value] : of_a) {
      const auto other = of_b.find(token);
      if (other == of_b.end()) continue;
      const double distance = std::abs(value - other->second);
      difference.largest_distance = std::max(difference.largest_distance, distance);
      sum += distance;
      ++difference.compared;
    }
  }
  if (difference.compared > 0) difference.mean_distance = sum / static_cast<double>(difference.compared);
  if (!difference.first) return;
  const LogProbabilities there = listed_at(a, *difference.first);
  const auto of_a = there.find(difference.token_a), of_b = there.find(difference.token_b);
  if (of_a != there.end() && of_b != there.end()) difference.margin_a = of_a->second - of_b->second;
}

}  // namespace

ResultDifference difference_of(const json::object& a, const json::object& b) {
  ResultDifference difference;
  difference.error_a = error_of(a);
  difference.error_b = error_of(b);
  if (!difference.equal()) return difference;
  const json::array &tokens_a = a.at("tokens").as_array(), &tokens_b = b.at("tokens").as_array();
  difference.tokens_a = tokens_a.size();
  difference.tokens_b = tokens_b.size();
  compare_tokens(tokens_a, tokens_b, difference);
  compare_probabilities(a, b, difference);
  return difference;
}

}  // namespace tessera::cli
