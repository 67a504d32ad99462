#pragma once

#include <string>

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `WordPiece`: joins tokens with spaces, those that begin with `prefix` without; `cleanup` takes out the
/// spaces before punctuation.
class WordPieceDecoder final : public Decoder {
 public:
  WordPieceDecoder(std::string prefix, bool cleanup) : prefix_(std::move(prefix)), cleanup_(cleanup) {}
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;

 private:
  std::string prefix_;
  bool cleanup_;
};

}  // namespace tessera::tokenizer
