#pragma once

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `Fuse`: from here on all tokens are one.
class FuseDecoder final : public Decoder {
 public:
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;
};

}  // namespace tessera::tokenizer
