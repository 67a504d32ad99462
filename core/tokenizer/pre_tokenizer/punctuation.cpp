#include "core/tokenizer/pre_tokenizer/punctuation.hpp"

#include "core/tokenizer/pre_tokenizer/character_split.hpp"
#include "core/tokenizer/text/unicode.hpp"

namespace tessera::tokenizer {

void Punctuation::pre_tokenize(PreTokenizedText& text) const {
  split_at_characters(text, behavior_, is_punctuation);
}

}  // namespace tessera::tokenizer
