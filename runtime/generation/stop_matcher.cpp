#include "runtime/generation/stop_matcher.hpp"

#include <algorithm>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera {

StopMatcher::StopMatcher(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) {
    if (!stop.empty()) continue;
    throw Error(ErrorCode::kInvalidArgument, "a stop text is empty")
        .key("stop")
        .remedy("give at least one character, or no stop text");
  }
}

std::string StopMatcher::push(std::string_view piece) {
  if (stopped_) return {};
  held_ += piece;
  size_t match = std::string::npos;
  for (const std::string& stop : stops_) match = std::min(match, held_.find(stop));
  // Where the first stop text could still begin: a suffix of the held text that is a prefix of a stop text.
  size_t safe = held_.size();
  for (const std::string& stop : stops_) {
    const size_t longest = std::min(stop.size() - 1, held_.size());
    for (size_t length = longest; length > 0; --length) {
      if (std::string_view(held_).substr(held_.size() - length) == std::string_view(stop).substr(0, length)) {
        safe = std::min(safe, held_.size() - length);
        break;
      }
    }
  }
  // A match that is complete counts only if no other stop text may begin before it and still complete.
  if (match != std::string::npos && match <= safe) {
    stopped_ = true;
    held_.resize(match);
    return std::exchange(held_, {});
  }
  std::string shown = held_.substr(0, safe);
  held_.erase(0, safe);
  return shown;
}

std::string StopMatcher::flush() {
  if (stopped_) return {};
  // A complete match may have waited for an earlier one that never came.
  size_t match = std::string::npos;
  for (const std::string& stop : stops_) match = std::min(match, held_.find(stop));
  if (match != std::string::npos) {
    stopped_ = true;
    held_.resize(match);
  }
  return std::exchange(held_, {});
}

}  // namespace tessera
