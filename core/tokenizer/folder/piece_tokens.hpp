/// What both ways to read a SentencePiece model share.
#pragma once

#include "core/tokenizer/folder/sentencepiece_model.hpp"
#include "core/tokenizer/folder/special_tokens.hpp"

namespace tessera::tokenizer {

/// Control pieces (special) and user-defined pieces (not special): transformers makes both added tokens.
inline std::vector<AddedToken> added_pieces(const std::vector<Piece>& pieces, bool user_defined_too) {
  std::vector<AddedToken> tokens;
  for (const Piece& piece : pieces) {
    const bool special = piece.type == PieceType::kControl;
    if (!special && !(user_defined_too && piece.type == PieceType::kUserDefined)) continue;
    AddedToken token;
    token.content = piece.text;
    token.special = special;
    tokens.push_back(std::move(token));
  }
  return tokens;
}

}  // namespace tessera::tokenizer
