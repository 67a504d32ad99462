/// What a Split or Replace looks for in a text.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/text/aligned_text.hpp"

namespace tessera::tokenizer {

/// Immutable after construction: any thread.
class Pattern {
 public:
  virtual ~Pattern() = default;
  /// Appends the matches in `text` from left to right; they do not overlap. An empty match never follows
  /// directly on another match.
  virtual void find(std::string_view text, std::vector<Span>& matches) const = 0;
};

/// Every occurrence of `literal`, which is not empty.
std::unique_ptr<Pattern> literal_pattern(std::string literal);

/// A regular expression in Oniguruma's own syntax, as the tokenizers library reads them. The split patterns
/// of GPT-2, Llama 3 and their kin are recognised by their exact text and matched by code written for them
/// (text/known_patterns.hpp). Throws Error kCorruptData with Oniguruma's message when the expression is
/// malformed.
std::unique_ptr<Pattern> regex_pattern(const std::string& expression);

/// The same, always by Oniguruma: what the tests compare the written-out matchers with.
std::unique_ptr<Pattern> oniguruma_pattern(const std::string& expression);

}  // namespace tessera::tokenizer
