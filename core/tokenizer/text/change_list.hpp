/// Rewriting a text character by character, in the terms of Hugging Face's `NormalizedString::transform`:
/// which input a new character stands for follows from how many old ones it replaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/tokenizer/text/aligned_text.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {

/// A character of the new text.
struct Change {
  char32_t character;
  /// 0: it takes the place of the next old character. 1: it is new, and stands for what the one before it
  /// stands for. -n: it takes the place of the next old character, and the n behind that one are gone.
  int change;
};

/// Puts the new characters in place of the whole text.
void apply_changes(AlignedText& text, const std::vector<Change>& changes);

/// Rewrites a text character by character: `write(out, c)` appends what becomes of c in UTF-8, or nothing to
/// take it out. What a character becomes stands for it.
template <typename Write>
void map_characters(AlignedText& text, Write write) {
  const std::string_view old = text.text();
  TextEdit edit(text);
  std::string mapped;
  for (uint32_t at = 0; at < old.size();) {
    const CodePoint c = decode_utf8(old, at);
    mapped.clear();
    write(mapped, c.value);
    if (!mapped.empty()) edit.write(mapped, at);
    at += c.length;
  }
  edit.commit();
}

}  // namespace tessera::tokenizer
