/// WordPiece (BERT): the longest token that the word starts with, then the longest that continues it, and so
/// on.
#pragma once

#include <string>

#include "core/tokenizer/model/model.hpp"

namespace tessera::tokenizer {

/// Field names are the keys of tokenizer.json's `model`.
struct WordPieceConfig {
  std::vector<Vocabulary::Entry> vocab;
  std::string unk_token = "[UNK]";
  std::string continuing_subword_prefix = "##";  ///< of tokens that continue a word
  size_t max_input_chars_per_word = 100;         ///< a longer word is unknown
};

/// A word that cannot be spelled to its end is one unknown token.
class WordPiece final : public Model {
 public:
  explicit WordPiece(const WordPieceConfig& config);

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override;

 private:
  void tokenize_word(std::string_view word, std::vector<ModelToken>& out) const;
  /// Length of the longest token at `at`, 0 if there is none; `id` gets the token's.
  size_t longest_token(std::string_view word, size_t at, uint32_t& id) const noexcept;
  uint32_t unknown_id() const;

  std::string unk_token_;
  size_t max_input_chars_per_word_;
  Vocabulary continuations_;                             // tokens with the prefix, without it
  size_t longest_start_ = 0, longest_continuation_ = 0;  // bytes
  uint64_t cache_owner_;
};

}  // namespace tessera::tokenizer
