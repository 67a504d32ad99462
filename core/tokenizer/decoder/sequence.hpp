#pragma once

#include <vector>

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `Sequence`: one after the other.
class DecoderSequence final : public Decoder {
 public:
  explicit DecoderSequence(std::vector<std::unique_ptr<Decoder>> steps) : steps_(std::move(steps)) {}
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;

 private:
  std::vector<std::unique_ptr<Decoder>> steps_;
};

}  // namespace tessera::tokenizer
