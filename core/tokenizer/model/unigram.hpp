/// Unigram (arXiv:1804.10959, SentencePiece): the sequence of tokens with the highest sum of scores.
#pragma once

#include <array>
#include <optional>

#include "core/tokenizer/model/model.hpp"
#include "core/tokenizer/model/prefix_tree.hpp"

namespace tessera::tokenizer {

/// Field names are the keys of tokenizer.json's `model`; the id of a token is its index in `vocab`.
struct UnigramConfig {
  std::vector<std::pair<std::string_view, double>> vocab;  ///< token, score (a log probability)
  std::optional<uint32_t> unk_id;
  bool byte_fallback =
      false;  ///< unknown characters become their bytes, <0x00> to <0xFF>, if all are in the vocabulary
};

/// An unknown character scores ten less than the worst token; neighbouring ones make one unknown token, whose
/// text is what it covers.
class Unigram final : public Model {
 public:
  /// Throws Error kCorruptData when unk_id is not in the vocabulary.
  explicit Unigram(const UnigramConfig& config);

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override;

 private:
  /// The best way to a byte of the text: its last token.
  struct Step {
    double score = 0;
    uint32_t begin = kNone;
    uint32_t id = 0;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  void tokenize_word(std::string_view word, std::vector<ModelToken>& out) const;
  std::vector<Step> best_steps(std::string_view text) const;
  void add_unknown(std::string_view text, std::vector<ModelToken>& out) const;
  uint32_t unknown_id() const;

  std::vector<double> scores_;
  PrefixTree tokens_;
  std::optional<uint32_t> unk_id_;
  bool byte_fallback_;
  double unknown_score_;
  std::array<uint32_t, 256> fallback_symbols_{};  // id of <0xNN>
  uint64_t cache_owner_;
};

}  // namespace tessera::tokenizer
