/// A model turns one piece of text (what the pre-tokenizer left, usually a word) into tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/tokenizer/model/vocabulary.hpp"

namespace tessera::tokenizer {

/// A token and how many bytes of its piece it covers. The tokens of a piece follow one another; their lengths
/// add up to the piece's, but for characters that a model without an unknown token drops.
struct ModelToken {
  uint32_t id;
  uint32_t length : 30;
  uint32_t literal : 1;  ///< its text is what it covers, not the vocabulary's entry (Unigram's unknowns)
  uint32_t shared : 1;   ///< the next token covers the same bytes (the bytes of a character, in Unigram)
};

/// Immutable after construction: const methods from any thread.
class Model {
 public:
  virtual ~Model() = default;

  /// Appends the tokens of `piece` (not empty). Throws Error kCorruptData when an unknown token is needed
  /// that the vocabulary does not have.
  virtual void tokenize(std::string_view piece, std::vector<ModelToken>& out) const = 0;

  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

 protected:
  explicit Model(Vocabulary vocabulary) : vocabulary_(std::move(vocabulary)) {}
  Vocabulary vocabulary_;
};

}  // namespace tessera::tokenizer
