#include "core/tokenizer/pre_tokenizer/digits.hpp"

#include "core/tokenizer/pre_tokenizer/character_split.hpp"
#include "core/tokenizer/text/unicode.hpp"

namespace tessera::tokenizer {

void Digits::pre_tokenize(PreTokenizedText& text) const {
  split_at_characters(text, grouping_ == kIndividual ? SplitBehavior::kIsolated : SplitBehavior::kContiguous,
                      is_numeric);
}

}  // namespace tessera::tokenizer
