#include "runtime/encoder/code_points.hpp"

#include <algorithm>

#include "core/tokenizer/text/utf8.hpp"

namespace tessera {

CodePoints::CodePoints(std::string_view text) : text_(text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (!tokenizer::is_utf8_continuation(text[i])) starts_.push_back(i);
  }
  starts_.push_back(text.size());
}

std::string_view CodePoints::slice(int64_t begin, int64_t end) const {
  begin = std::clamp<int64_t>(begin, 0, size());
  end = std::clamp<int64_t>(end, begin, size());
  const size_t from = starts_[static_cast<size_t>(begin)];
  return text_.substr(from, starts_[static_cast<size_t>(end)] - from);
}

}  // namespace tessera
