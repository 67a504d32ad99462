#include "core/tokenizer/pre_tokenizer/whitespace.hpp"

#include "core/tokenizer/pre_tokenizer/character_split.hpp"
#include "core/tokenizer/text/unicode.hpp"

namespace tessera::tokenizer {
namespace {

enum class Kind { kSpace, kWord, kOther };

Kind kind_of(char32_t c) noexcept {
  if (is_whitespace(c)) return Kind::kSpace;
  return is_word_character(c) ? Kind::kWord : Kind::kOther;
}

}  // namespace

void WhitespaceSplit::pre_tokenize(PreTokenizedText& text) const {
  split_at_characters(text, SplitBehavior::kRemoved, is_whitespace);
}

void Whitespace::pre_tokenize(PreTokenizedText& text) const {
  std::vector<Span> pieces;
  const std::string_view whole = text.text.text();
  for (const Span piece : text.pieces) {
    Kind before = Kind::kSpace;
    for (uint32_t at = piece.begin; at < piece.end;) {
      const CodePoint c = decode_utf8(whole, at);
      const Kind kind = kind_of(c.value);
      if (kind != before && kind != Kind::kSpace) pieces.push_back({at, at});
      at += c.length;
      if (kind != Kind::kSpace) pieces.back().end = at;
      before = kind;
    }
  }
  text.pieces = std::move(pieces);
}

}  // namespace tessera::tokenizer
