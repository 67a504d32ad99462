#include "core/tokenizer/post_processor/byte_level.hpp"

#include <algorithm>

#include "core/tokenizer/text/byte_alphabet.hpp"
#include "core/tokenizer/text/unicode.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

bool is_space(char32_t c) noexcept {
  return c == kByteToCharacter[' '] || is_whitespace(c);
}

uint32_t leading_spaces(std::string_view token) noexcept {
  uint32_t count = 0;
  for (size_t at = 0; at < token.size(); ++count) {
    const CodePoint c = decode_utf8(token, at);
    if (!is_space(c.value)) break;
    at += c.length;
  }
  return count;
}

uint32_t trailing_spaces(std::string_view token) noexcept {
  uint32_t count = 0;
  for (size_t end = token.size(); end > 0; ++count) {
    end = previous_utf8(token, end);
    if (!is_space(decode_utf8(token, end).value)) break;
  }
  return count;
}

}  // namespace

void trim_offsets(TokenRun& run, PrefixSpace prefix_space) {
  for (size_t i = 0; i < run.encoding.offsets.size(); ++i) {
    auto& [begin, end] = run.encoding.offsets[i];
    uint32_t leading = leading_spaces(run.encoding.tokens[i]);
    const uint32_t trailing = trailing_spaces(run.encoding.tokens[i]);
    // One leading space of a first token was added; several were in the text.
    if (leading == 1 && (i == 0 || begin == 0) && prefix_space == PrefixSpace::kAdded) leading = 0;
    if (leading > 0) begin = std::min(begin + leading, end);
    if (trailing > 0 && end >= trailing) end = std::max(end - trailing, begin);
  }
}

}  // namespace tessera::tokenizer
