/// Added tokens: texts that are tokens wherever they stand, found before (or, `normalized`, after)
/// normalization and never seen by the model.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/tokenizer/model/vocabulary.hpp"
#include "core/tokenizer/normalizer/normalizer.hpp"
#include "core/tokenizer/text/aligned_text.hpp"

namespace tessera::tokenizer {

/// Field names are the keys of tokenizer.json's `added_tokens`.
struct AddedToken {
  int64_t id = 0;
  std::string content;
  bool single_word = false;  ///< only where no word character stands beside it
  bool lstrip = false;       ///< takes the white space before it
  bool rstrip = false;       ///< takes the white space behind it
  bool normalized = false;   ///< its normalized form is looked for in the normalized text
  bool special = false;      ///< left out when decoding skips special tokens
};

/// Finds added tokens in a text: at each place the longest, from left to right. Immutable: any thread.
class AddedTokenMatcher {
 public:
  struct Pattern {
    std::string text;  ///< not empty
    AddedToken token;
  };
  /// Of equal texts the first counts.
  explicit AddedTokenMatcher(std::vector<Pattern> patterns);

  /// A part of the text: an added token, or (null) what lies between two.
  struct Part {
    Span span;
    const AddedToken* token;
  };
  /// Appends the parts of `text`. White space that one token stripped may overlap the token behind it.
  void split(std::string_view text, std::vector<Part>& parts) const;

 private:
  /// Index of the longest pattern that starts at `at`.
  std::optional<uint32_t> longest_match(std::string_view text, size_t at) const noexcept;

  std::vector<Pattern> patterns_;
  Vocabulary texts_;  // text -> index in patterns_
  std::array<std::vector<uint32_t>, 256>
      lengths_by_byte_;  // by first byte: lengths of patterns, longest first
};

/// Immutable after construction: any thread.
class AddedVocabulary {
 public:
  /// `tokens` in the order of the file. Throws Error kCorruptData where an id is not the one that the token
  /// has in the model's vocabulary, or, for a token that the model lacks, not the next free one: the
  /// tokenizers library numbers such tokens itself, and would not give the id that the file says.
  AddedVocabulary(const std::vector<AddedToken>& tokens, const Vocabulary& model,
                  const Normalizer* normalizer);

  const AddedTokenMatcher& before_normalization() const noexcept { return raw_; }
  const AddedTokenMatcher& after_normalization() const noexcept { return normalized_; }

  const AddedToken* find(std::string_view content) const noexcept;
  const AddedToken* find(int64_t id) const noexcept;

  /// What an added token is for decoding: a normalized token decodes to its normalized form. It is skipped
  /// when that text is a special token's; so a special token that normalization changes is not skipped (as in
  /// tokenizers 0.23).
  struct Decoded {
    std::string text;
    bool special;
  };
  const Decoded* decoded(int64_t id) const noexcept;

  /// One more than the largest id of an added token; 0 without any.
  int64_t id_limit() const noexcept { return id_limit_; }
  /// Tokens that the model's vocabulary does not have.
  int64_t new_tokens() const noexcept { return new_tokens_; }

 private:
  static std::vector<AddedTokenMatcher::Pattern> patterns(const std::vector<AddedToken>& tokens,
                                                          bool normalized, const Normalizer* normalizer);

  std::unordered_map<int64_t, AddedToken> by_id_;
  std::unordered_map<std::string, int64_t> by_content_;
  std::unordered_map<int64_t, Decoded> decoded_;
  AddedTokenMatcher raw_, normalized_;
  int64_t id_limit_ = 0;
  int64_t new_tokens_ = 0;
};

}  // namespace tessera::tokenizer
