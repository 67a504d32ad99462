#pragma once

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"

namespace tessera::tokenizer {

/// `WhitespaceSplit`: cuts at white space, which goes.
class WhitespaceSplit final : public PreTokenizer {
 public:
  void pre_tokenize(PreTokenizedText& text) const override;
};

/// `Whitespace`: runs of word characters, and runs of what is neither word nor white space: `\w+|[^\w\s]+`.
class Whitespace final : public PreTokenizer {
 public:
  void pre_tokenize(PreTokenizedText& text) const override;
};

}  // namespace tessera::tokenizer
