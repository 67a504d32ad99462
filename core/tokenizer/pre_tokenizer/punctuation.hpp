#pragma once

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/text/split.hpp"

namespace tessera::tokenizer {

/// `Punctuation`: cuts at punctuation characters.
class Punctuation final : public PreTokenizer {
 public:
  explicit Punctuation(SplitBehavior behavior) : behavior_(behavior) {}
  void pre_tokenize(PreTokenizedText& text) const override;

 private:
  SplitBehavior behavior_;
};

}  // namespace tessera::tokenizer
