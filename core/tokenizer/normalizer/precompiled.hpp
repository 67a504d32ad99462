#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/normalizer/normalizer.hpp"
#include "core/tokenizer/text/change_list.hpp"

namespace tessera::tokenizer {

/// `Precompiled`: the replacement rules of a SentencePiece model (mostly NFKC with additions), compiled into
/// a double-array trie: bytes of a character or short grapheme -> position in a table of texts.
///
/// Layout of the map: uint32 size of the trie in bytes, the trie as uint32 units, then the texts, each ended
/// by NUL; all little endian. A unit holds a label, the offset of its children and whether a value follows
/// (Darts-clone).
class Precompiled final : public Normalizer {
 public:
  /// `charsmap`: the map's bytes. Throws Error kCorruptData when the sizes contradict each other.
  explicit Precompiled(std::string_view charsmap);

  void normalize(AlignedText& text) const override;

 private:
  /// What a text becomes: by the shortest rule that it starts with. False if there is none.
  bool replacement(std::string_view text, std::string_view& result) const noexcept;
  bool add_replacement(std::string_view part, std::vector<Change>& changes) const;
  /// Whether the characters of the text from `at` on, up to the one returned, stay as they are and need no
  /// look: ASCII without a rule, each a grapheme of its own.
  size_t end_of_plain(std::string_view text, size_t at) const noexcept;

  std::vector<uint32_t> units_;
  std::string texts_;
  std::array<bool, 256> plain_{};  // by byte: printable ASCII without a rule of its own
};

}  // namespace tessera::tokenizer
