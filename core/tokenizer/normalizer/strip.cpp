#include "core/tokenizer/normalizer/strip.hpp"

#include "core/tokenizer/text/unicode.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {

void StripNormalizer::normalize(AlignedText& text) const {
  const std::string_view old = text.text();
  size_t begin = 0, end = old.size();
  while (strip_left_ && begin < end) {
    const CodePoint c = decode_utf8(old, begin);
    if (!is_whitespace(c.value)) break;
    begin += c.length;
  }
  while (strip_right_ && end > begin) {
    const size_t last = previous_utf8(old, end);
    if (!is_whitespace(decode_utf8(old, last).value)) break;
    end = last;
  }
  if (begin == 0 && end == old.size()) return;
  TextEdit edit(text);
  edit.keep({static_cast<uint32_t>(begin), static_cast<uint32_t>(end)});
  edit.commit();
}

}  // namespace tessera::tokenizer
