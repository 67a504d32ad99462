#include "core/tokenizer/normalizer/strip_accents.hpp"

#include "core/tokenizer/text/change_list.hpp"
#include "core/tokenizer/text/unicode.hpp"

namespace tessera::tokenizer {

void StripAccents::normalize(AlignedText& text) const {
  map_characters(text, [](std::string& out, char32_t c) {
    if (!is_mark(c)) append_utf8(out, c);
  });
}

}  // namespace tessera::tokenizer
