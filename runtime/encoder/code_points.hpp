/// Parts of a text by code points, which offsets of tokens count in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

/// Refers to the text. Valid UTF-8. Any thread.
class CodePoints {
 public:
  explicit CodePoints(std::string_view text);

  int64_t size() const { return static_cast<int64_t>(starts_.size()) - 1; }
  /// Code points [begin, end), cut to the text.
  std::string_view slice(int64_t begin, int64_t end) const;

 private:
  std::string_view text_;
  std::vector<size_t> starts_;  // of each code point, and the end
};

}  // namespace tessera
