#include "core/tokenizer/normalizer/lowercase.hpp"

#include <utf8proc.h>

#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

constexpr char32_t kCapitalDottedI = 0x130;

void append_lowercase(std::string& out, char32_t c) {
  if (c == kCapitalDottedI) {
    out += "i\xCC\x87";
  } else {
    append_utf8(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
}

}  // namespace

void Lowercase::normalize(AlignedText& text) const {
  const std::string_view old = text.text();
  TextEdit edit(text);
  std::string lower;
  for (uint32_t at = 0; at < old.size();) {
    const CodePoint c = decode_utf8(old, at);
    if (c.value < 0x80 && (c.value < 'A' || c.value > 'Z')) {
      edit.keep({at, at + 1});
    } else {
      lower.clear();
      append_lowercase(lower, c.value);
      edit.write(lower, at);
    }
    at += c.length;
  }
  edit.commit();
}

}  // namespace tessera::tokenizer
