#pragma once

#include <string>

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `CTC`: drops repetitions of a token and padding; with `cleanup` the word delimiter becomes a space.
class CtcDecoder final : public Decoder {
 public:
  CtcDecoder(std::string pad_token, std::string word_delimiter_token, bool cleanup)
      : pad_token_(std::move(pad_token)),
        word_delimiter_token_(std::move(word_delimiter_token)),
        cleanup_(cleanup) {}
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;

 private:
  std::string pad_token_, word_delimiter_token_;
  bool cleanup_;
};

}  // namespace tessera::tokenizer
