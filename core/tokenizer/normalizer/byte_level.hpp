#pragma once

#include "core/tokenizer/normalizer/normalizer.hpp"

namespace tessera::tokenizer {

/// `ByteLevel`: writes each byte as a character of the byte alphabet.
class ByteLevelNormalizer final : public Normalizer {
 public:
  void normalize(AlignedText& text) const override;
};

}  // namespace tessera::tokenizer
