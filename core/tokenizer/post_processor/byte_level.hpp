#pragma once

#include "core/tokenizer/post_processor/post_processor.hpp"

namespace tessera::tokenizer {

/// Whether the first token of a text may keep one leading space inside its offsets, because it was added and
/// stands for nothing in the text.
enum class PrefixSpace { kAdded, kNotAdded };

/// Takes leading and trailing white space, also as the byte alphabet writes it, out of the tokens' offsets.
void trim_offsets(TokenRun& run, PrefixSpace prefix_space);

/// `ByteLevel`: trims offsets, or does nothing.
class ByteLevelPostProcessor final : public PostProcessor {
 public:
  ByteLevelPostProcessor(bool trims_offsets, PrefixSpace prefix_space)
      : trims_offsets_(trims_offsets), prefix_space_(prefix_space) {}

  void process(std::vector<TokenRun>& runs, SpecialTokens) const override {
    if (!trims_offsets_) return;
    for (TokenRun& run : runs) trim_offsets(run, prefix_space_);
  }
  size_t added_tokens(bool) const override { return 0; }

 private:
  bool trims_offsets_;
  PrefixSpace prefix_space_;
};

}  // namespace tessera::tokenizer
