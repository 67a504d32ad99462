#include "core/tokenizer/pre_tokenizer/bert.hpp"

#include "core/tokenizer/text/unicode.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {

void BertPreTokenizer::pre_tokenize(PreTokenizedText& text) const {
  std::vector<Span> pieces;
  const std::string_view whole = text.text.text();
  for (const Span piece : text.pieces) {
    uint32_t word = piece.begin;  // where the word that is open began
    const auto close = [&](uint32_t end, uint32_t next) {
      if (word < end) pieces.push_back({word, end});
      word = next;
    };
    for (uint32_t at = piece.begin; at < piece.end;) {
      const CodePoint c = decode_utf8(whole, at);
      const uint32_t next = at + c.length;
      if (is_whitespace(c.value)) {
        close(at, next);
      } else if (is_punctuation(c.value)) {
        close(at, next);
        pieces.push_back({at, next});
      }
      at = next;
    }
    close(piece.end, piece.end);
  }
  text.pieces = std::move(pieces);
}

}  // namespace tessera::tokenizer
