/// Finds stop texts in a stream of text and holds back what may still become one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tessera {

/// One per sequence; not thread-safe. The earliest match in the text wins, whichever stop text it belongs to.
class StopMatcher {
 public:
  /// Throws Error kInvalidArgument for an empty text.
  explicit StopMatcher(std::vector<std::string> stops);

  /// Takes the next piece and returns the text that is safe to show: no stop text can begin in it any more.
  /// After a match it returns what stood before the match and `stopped()` is true; later pieces give nothing.
  std::string push(std::string_view piece);

  /// No more text comes: what was held back.
  std::string flush();

  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  bool stopped_ = false;
};

}  // namespace tessera
