/// What a sequence's penalties remember of it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "runtime/sampling/ngram_index.hpp"

namespace tessera::sampling {

/// How often a token stands in the text so far.
struct TokenCount {
  int64_t token;
  uint32_t in_prompt;
  uint32_t generated;
};

/// The tokens of prompt and generation, their counts, and the runs that may not come again. Only what the
/// parameters need is kept up. Not thread-safe.
class TokenHistory {
 public:
  /// ngram_size: of no_repeat_ngram_size, 0 for none.
  TokenHistory(std::span<const int64_t> prompt, int64_t ngram_size);

  void accept(int64_t token);
  /// Leaves `generated` tokens of the generation; at most generated().
  void rollback(size_t generated);

  size_t generated() const { return text_.size() - prompt_; }
  /// Every token that has stood in the text; one that was rolled back may still be there with counts of 0.
  std::span<const TokenCount> counts() const { return counts_; }
  /// Tokens that would complete a run of ngram_size tokens that is there already; some may be named twice.
  void banned(std::vector<int64_t>& tokens) const;

 private:
  TokenCount& count_of(int64_t token);

  size_t prompt_;
  size_t ngram_size_;
  std::vector<int64_t> text_;
  std::vector<TokenCount> counts_;
  std::unordered_map<int64_t, size_t> place_;  ///< token -> index in counts_
  std::optional<NgramIndex> ngrams_;           ///< of ngram_size - 1 tokens
};

}  // namespace tessera::sampling
