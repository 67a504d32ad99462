#pragma once

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"

namespace tessera::tokenizer {

/// `BertPreTokenizer`: cuts at white space, which goes, and round each punctuation character.
class BertPreTokenizer final : public PreTokenizer {
 public:
  void pre_tokenize(PreTokenizedText& text) const override;
};

}  // namespace tessera::tokenizer
