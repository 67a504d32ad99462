#include "core/tokenizer/pre_tokenizer/split.hpp"

namespace tessera::tokenizer {

void Split::pre_tokenize(PreTokenizedText& text) const {
  std::vector<Span> matches, pieces;
  for (const Span piece : text.pieces) {
    matches.clear();
    pattern_->find(text.piece(piece), matches);
    split_at(matches, piece.size(), behavior_, delimiters_, piece.begin, pieces);
  }
  text.pieces = std::move(pieces);
}

}  // namespace tessera::tokenizer
