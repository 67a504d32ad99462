#include "core/tokenizer/normalizer/lowercase.hpp"

#include "core/tokenizer/text/change_list.hpp"
#include "core/tokenizer/text/unicode.hpp"

namespace tessera::tokenizer {

void Lowercase::normalize(AlignedText& text) const {
  map_characters(text, [](std::string& out, char32_t c) { append_lower_case(out, c); });
}

}  // namespace tessera::tokenizer
