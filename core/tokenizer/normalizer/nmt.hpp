#pragma once

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `Nmt` (SentencePiece's nmt rules): takes out control characters, and turns several spaces and invisible
/// characters into U+0020.
class Nmt final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override;
};

}  // namespace tessera::tokenizer
