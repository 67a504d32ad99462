#pragma once

#include <string>

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `Strip`: takes up to `start` characters equal to `content` off the front of each token and up to `stop`
/// off its end.
class StripDecoder final : public Decoder {
 public:
  /// `content` is one character.
  StripDecoder(std::string content, size_t start, size_t stop)
      : content_(std::move(content)), start_(start), stop_(stop) {}
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;

 private:
  std::string content_;
  size_t start_, stop_;
};

}  // namespace tessera::tokenizer
