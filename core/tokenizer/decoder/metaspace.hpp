#pragma once

#include <string>

#include "core/tokenizer/decoder/decoder.hpp"

namespace tessera::tokenizer {

/// `Metaspace`: writes marks as spaces, and leaves them out of the first token when encoding prepends one.
class MetaspaceDecoder final : public Decoder {
 public:
  /// `replacement` is the mark, one character.
  MetaspaceDecoder(std::string replacement, bool prepends)
      : replacement_(std::move(replacement)), prepends_(prepends) {}
  std::unique_ptr<DecodeStep> start(DecodeStep& next) const override;

 private:
  std::string replacement_;
  bool prepends_;
};

}  // namespace tessera::tokenizer
