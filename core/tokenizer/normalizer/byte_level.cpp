#include "core/tokenizer/normalizer/byte_level.hpp"

#include "core/tokenizer/text/byte_alphabet.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {

void ByteLevelNormalizer::normalize(AlignedText& text) const {
  const std::string_view old = text.text();
  TextEdit edit(text);
  std::string character;
  for (size_t at = 0; at < old.size(); ++at) {
    character.clear();
    append_utf8(character, kByteToCharacter[static_cast<unsigned char>(old[at])]);
    edit.write(character, at);
  }
  edit.commit();
}

}  // namespace tessera::tokenizer
