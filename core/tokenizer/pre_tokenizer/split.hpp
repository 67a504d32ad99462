#pragma once

#include <memory>

#include "core/tokenizer/pre_tokenizer/pre_tokenizer.hpp"
#include "core/tokenizer/text/pattern.hpp"
#include "core/tokenizer/text/split.hpp"

namespace tessera::tokenizer {

/// `Split`: cuts pieces at the matches of a pattern, or (`invert`: Delimiters::kGaps) at what lies between
/// them.
class Split final : public PreTokenizer {
 public:
  Split(std::unique_ptr<Pattern> pattern, SplitBehavior behavior, Delimiters delimiters)
      : pattern_(std::move(pattern)), behavior_(behavior), delimiters_(delimiters) {}

  void pre_tokenize(PreTokenizedText& text) const override;

 private:
  std::unique_ptr<Pattern> pattern_;
  SplitBehavior behavior_;
  Delimiters delimiters_;
};

}  // namespace tessera::tokenizer
