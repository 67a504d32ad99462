#include "core/tokenizer/pre_tokenizer/byte_level.hpp"

#include <algorithm>

#include "core/tokenizer/text/byte_alphabet.hpp"
#include "core/tokenizer/text/known_patterns.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {

ByteLevelPreTokenizer::ByteLevelPreTokenizer(Config config) : config_(config) {
  if (config.use_regex) {
    words_ =
        std::make_unique<Split>(known_pattern(kGpt2Pattern), SplitBehavior::kIsolated, Delimiters::kMatches);
  }
}

void ByteLevelPreTokenizer::pre_tokenize(PreTokenizedText& text) const {
  if (config_.add_prefix_space) add_prefix_spaces(text);
  if (words_) words_->pre_tokenize(text);
  if (config_.write_alphabet) write_alphabet(text);
}

void ByteLevelPreTokenizer::add_prefix_spaces(PreTokenizedText& text) const {
  const auto starts_with_space = [&](Span piece) { return text.text.text()[piece.begin] == ' '; };
  if (std::all_of(text.pieces.begin(), text.pieces.end(), starts_with_space)) return;
  text.rewrite([&](TextEdit& edit, Span piece) {
    if (!starts_with_space(piece)) edit.write(" ", piece.begin);
    edit.keep(piece);
  });
}

void ByteLevelPreTokenizer::write_alphabet(PreTokenizedText& text) {
  std::string character;
  text.rewrite([&](TextEdit& edit, Span piece) {
    for (uint32_t at = piece.begin; at < piece.end; ++at) {
      character.clear();
      append_utf8(character, kByteToCharacter[static_cast<unsigned char>(text.text.text()[at])]);
      edit.write(character, at);
    }
  });
}

}  // namespace tessera::tokenizer
