#pragma once

#include <memory>
#include <string>

#include "core/tokenizer/decoder/decoder.hpp"
#include "core/tokenizer/text/pattern.hpp"

namespace tessera::tokenizer {

/// `Replace`: puts a fixed text in place of every match within a token.
class ReplaceDecoder final : public Decoder {
 public:
  ReplaceDecoder(std::unique_ptr<Pattern> pattern, std::string content)
      : pattern_(std::move(pattern)), content_(std::move(content)) {}
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;

 private:
  std::unique_ptr<Pattern> pattern_;
  std::string content_;
};

}  // namespace tessera::tokenizer
