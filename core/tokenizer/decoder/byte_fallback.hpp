#pragma once

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `ByteFallback`: a run of tokens <0x00> to <0xFF> becomes the text that its bytes are in UTF-8; if they are
/// none, one U+FFFD a byte. So nothing of a run is known before it ends, and streaming waits for that.
class ByteFallbackDecoder final : public Decoder {
 public:
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;
};

}  // namespace tessera::tokenizer
