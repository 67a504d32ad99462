/// Byte pair encoding (arXiv:1508.07909) as Hugging Face's `BPE` model runs it: start from characters, then
/// always merge the neighbouring pair of the lowest rank, the leftmost first.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/tokenizer/model/merge_table.hpp"
#include "core/tokenizer/model/model.hpp"

namespace tessera::tokenizer {

/// Field names are the keys of tokenizer.json's `model`. The views need to live only during construction.
struct BpeConfig {
  std::vector<Vocabulary::Entry> vocab;
  std::vector<std::pair<std::string_view, std::string_view>> merges;
  std::optional<std::string> unk_token;
  std::string continuing_subword_prefix;  // before every character but a word's first
  std::string end_of_word_suffix;         // after a word's last character
  bool fuse_unk = false;                  // neighbouring unknown characters make one unknown token
  bool byte_fallback =
      false;  // an unknown character becomes its bytes, <0x00> to <0xFF>, if all are in the vocabulary
  bool ignore_merges = false;  // a piece that is in the vocabulary is one token, whatever the merges say
};

/// What the pieces given to the model are made of.
enum class BpeInput {
  kText,   ///< UTF-8, looked up in the vocabulary as it is
  kBytes,  ///< raw bytes; the vocabulary writes them in the byte alphabet (text/byte_alphabet.hpp). The
           ///< result is the same as that of the written-out text, but nobody has to write it out
};

/// Whether pieces may be given as raw bytes: not where prefixes, suffixes or byte fallback look at
/// characters.
bool can_take_bytes(const BpeConfig& config) noexcept;

class Bpe final : public Model {
 public:
  /// Throws Error kCorruptData when a merge refers to a token that the vocabulary lacks, naming the merge.
  Bpe(const BpeConfig& config, BpeInput input);

  void tokenize(std::string_view piece, std::vector<ModelToken>& out) const override;

 private:
  void tokenize_word(std::string_view word, std::vector<ModelToken>& out) const;
  void add_characters(std::string_view word, std::vector<ModelToken>& symbols) const;
  bool add_fallback_bytes(std::string_view character, std::vector<ModelToken>& symbols) const;
  uint32_t unknown_id() const;
  std::optional<uint32_t> find_piece(std::string_view piece) const noexcept;
  void find_initial_symbols();
  void read_merges(const BpeConfig& config);
  void decide_cut_before_mark(const std::vector<uint32_t>& merged_ids);
  size_t word_end(std::string_view piece, size_t begin) const noexcept;

  static constexpr uint32_t kNoId = UINT32_MAX;

  BpeInput input_;
  std::optional<std::string> unk_token_;
  std::string continuing_subword_prefix_, end_of_word_suffix_;
  bool fuse_unk_, byte_fallback_, ignore_merges_;
  MergeTable merges_;
  std::unique_ptr<Vocabulary> byte_pieces_;  // kBytes with ignore_merges: raw bytes -> id
  std::array<uint32_t, 256>
      first_symbols_{};  // id of a one-byte symbol: a byte (kBytes) or an ASCII character
  std::array<uint32_t, 256> fallback_symbols_{};  // id of <0xNN>
  bool cut_before_mark_ = false;                  // see decide_cut_before_mark
  uint64_t cache_owner_;
};

}  // namespace tessera::tokenizer
