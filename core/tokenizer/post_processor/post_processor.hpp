/// A post-processor adds the tokens that a model expects round a text, and mends offsets.
#pragma once

#include <cstddef>
#include <vector>

#include "core/tokenizer/token_run.hpp"

namespace tessera::tokenizer {

enum class SpecialTokens { kAdd, kOmit };

/// Immutable after construction: const methods from any thread.
class PostProcessor {
 public:
  virtual ~PostProcessor() = default;
  /// `runs` holds one run a text (one, or two for a pair) with type ids 0 and 1, or what an earlier step made
  /// of them; the caller joins what is left in the end.
  virtual void process(std::vector<TokenRun>& runs, SpecialTokens special_tokens) const = 0;
  /// How many tokens `process` adds to one text, or to a pair.
  virtual size_t added_tokens(bool pair) const = 0;
};

}  // namespace tessera::tokenizer
