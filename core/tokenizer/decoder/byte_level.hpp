#pragma once

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `ByteLevel`: the bytes that the tokens' characters stand for, all tokens joined, read as UTF-8; what is no
/// UTF-8 becomes U+FFFD. A token with a character outside the byte alphabet stands for itself.
class ByteLevelDecoder final : public Decoder {
 public:
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;
};

}  // namespace tessera::tokenizer
