#include "runtime/engine/workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {
namespace {

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the standard library's distributions differ between
/// implementations, and a seed must mean one workload.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  int64_t log_uniform(int64_t least, int64_t most) {
    const double low = std::log(static_cast<double>(least)), high = std::log(static_cast<double>(most) + 1);
    return std::clamp(static_cast<int64_t>(std::exp(low + uniform() * (high - low))), least, most);
  }

 private:
  uint64_t state_;
};

Error bad_line(size_t line, std::string_view key, std::string message) {
  return Error(ErrorCode::kCorruptData, fmt::format("line {}: {}", line, message)).key(key);
}

double number(const boost::json::object& object, std::string_view key, double missing, size_t line) {
  const boost::json::value* value = object.if_contains(key);
  if (value == nullptr) return missing;
  if (!value->is_number()) throw bad_line(line, key, fmt::format("'{}' must be a number", key));
  return value->to_number<double>();
}

int64_t whole(const boost::json::object& object, std::string_view key, int64_t missing, size_t line) {
  const boost::json::value* value = object.if_contains(key);
  if (value == nullptr) return missing;
  boost::system::error_code error;
  const auto result = value->is_number() ? value->to_number<int64_t>(error) : 0;
  if (!value->is_number() || error)
    throw bad_line(line, key, fmt::format("'{}' must be a whole number", key));
  return result;
}

WorkloadRequest parse_request(const boost::json::object& object, size_t line) {
  for (const auto& member : object) {
    constexpr std::string_view kKnown[] = {"arrival_s", "prompt_tokens", "max_new_tokens", "new_tokens",
                                           "tenant",    "priority",      "cancel_s"};
    if (std::find(std::begin(kKnown), std::end(kKnown), std::string_view(member.key())) == std::end(kKnown)) {
      throw bad_line(line, member.key(), fmt::format("unknown key '{}'", std::string_view(member.key())));
    }
  }
  WorkloadRequest request;
  request.prompt_tokens = whole(object, "prompt_tokens", 0, line);
  request.max_new_tokens = whole(object, "max_new_tokens", 1, line);
  request.new_tokens = whole(object, "new_tokens", request.max_new_tokens, line);
  request.arrival_s = number(object, "arrival_s", 0, line);
  request.cancel_s = number(object, "cancel_s", -1, line);
  request.priority =
      static_cast<int32_t>(std::clamp<int64_t>(whole(object, "priority", 0, line), -1000000, 1000000));
  if (const boost::json::value* tenant = object.if_contains("tenant")) {
    if (!tenant->is_string()) throw bad_line(line, "tenant", "'tenant' must be a text");
    request.tenant = tenant->as_string();
  }
  if (request.prompt_tokens < 1) throw bad_line(line, "prompt_tokens", "'prompt_tokens' must be at least 1");
  if (request.new_tokens < 1 || request.new_tokens > request.max_new_tokens) {
    throw bad_line(line, "new_tokens", "'new_tokens' must be between 1 and 'max_new_tokens'");
  }
  if (!(request.arrival_s >= 0)) throw bad_line(line, "arrival_s", "'arrival_s' must be at least 0");
  return request;
}

}  // namespace

std::vector<WorkloadRequest> make_workload(const WorkloadOptions& options) {
  Random random(options.seed);
  std::vector<WorkloadRequest> requests(static_cast<size_t>(options.requests));
  double now = 0;
  for (WorkloadRequest& request : requests) {
    if (options.rate > 0) now += -std::log(1 - random.uniform()) / options.rate;
    request.arrival_s = now;
    request.prompt_tokens = random.log_uniform(options.least_prompt, options.most_prompt);
    request.max_new_tokens = random.log_uniform(options.least_new, options.most_new);
    const bool early = random.uniform() < options.early_end;
    const int64_t end = random.log_uniform(1, request.max_new_tokens);
    request.new_tokens = early ? end : request.max_new_tokens;
    request.tenant = fmt::format("tenant{}", random.next() % static_cast<uint64_t>(options.tenants));
    request.priority = static_cast<int32_t>(random.next() % static_cast<uint64_t>(options.priorities));
    const bool cancelled = random.uniform() < options.cancelled;
    const double patience = 60 * random.uniform();
    if (cancelled) request.cancel_s = now + patience;
  }
  return requests;
}

std::vector<WorkloadRequest> parse_workload(std::string_view json_lines) {
  std::vector<WorkloadRequest> requests;
  for (size_t line = 1; !json_lines.empty(); ++line) {
    const size_t end = std::min(json_lines.find('\n'), json_lines.size());
    const std::string_view text = json_lines.substr(0, end);
    json_lines.remove_prefix(std::min(end + 1, json_lines.size()));
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    if (error || !value.is_object()) throw bad_line(line, "", "not a JSON object");
    requests.push_back(parse_request(value.as_object(), line));
  }
  std::stable_sort(requests.begin(), requests.end(),
                   [](const auto& a, const auto& b) { return a.arrival_s < b.arrival_s; });
  return requests;
}

}  // namespace tessera::engine
