/// Pre-tokenizers that cut at characters of a kind.
#pragma once

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/text/split.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {

/// Cuts each piece at the characters of which `is_delimiter(code point)` is true, each a delimiter of its
/// own.
template <typename IsDelimiter>
void split_at_characters(PreTokenizedText& text, SplitBehavior behavior, IsDelimiter is_delimiter) {
  std::vector<Span> matches, pieces;
  for (const Span piece : text.pieces) {
    matches.clear();
    const std::string_view part = text.piece(piece);
    for (uint32_t at = 0; at < part.size();) {
      const CodePoint c = decode_utf8(part, at);
      if (is_delimiter(c.value)) matches.push_back({at, at + c.length});
      at += c.length;
    }
    split_at(matches, piece.size(), behavior, Delimiters::kMatches, piece.begin, pieces);
  }
  text.pieces = std::move(pieces);
}

}  // namespace tessera::tokenizer
