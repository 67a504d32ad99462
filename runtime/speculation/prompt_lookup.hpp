/// Drafts without a model: text tends to repeat what stands in it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "runtime/sampling/ngram_index.hpp"

namespace tessera::speculation {

struct PromptLookupOptions {
  size_t min_ngram = 2;  ///< shorter matches are chance
  size_t max_ngram = 4;  ///< longer ones find the same places
};

/// Prompt lookup decoding: proposes what followed the longest run of max_ngram .. min_ngram last tokens where
/// it stood before, the latest place first (Saxena 2023; Hugging Face's PromptLookupCandidateGenerator). An
/// index grows with the text, so a step costs O(max_ngram^2 + proposals), whatever its length. Holds accepted
/// tokens only, so there is nothing to take back. Not thread-safe; one per sequence.
class PromptLookup {
 public:
  /// Throws Error kInvalidArgument unless 1 <= min_ngram <= max_ngram.
  explicit PromptLookup(std::span<const int64_t> prompt, PromptLookupOptions options = {});

  void accept(int64_t token);

  /// `count` tokens in `proposals` (replaced), or none when nothing matches. A copy that reaches the end of
  /// the text goes on with what it has proposed, as LZ77 does: the loop "a b a b" is proposed for ever.
  void propose(size_t count, std::vector<int64_t>& proposals) const;

  size_t size() const { return text_.size(); }  ///< tokens of prompt and generation

 private:
  std::vector<int64_t> text_;
  std::vector<sampling::NgramIndex> indices_;  ///< of max_ngram, max_ngram - 1, .. min_ngram tokens
};

}  // namespace tessera::speculation
