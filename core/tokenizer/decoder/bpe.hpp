#pragma once

#include <string>

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `BPEDecoder`: the end-of-word suffix becomes a space, in the last token nothing. So a token waits for the
/// next.
class BpeDecoder final : public Decoder {
 public:
  explicit BpeDecoder(std::string suffix) : suffix_(std::move(suffix)) {}
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;

 private:
  std::string suffix_;
};

}  // namespace tessera::tokenizer
