/// Properties of code points, as the parts of the tokenizers library see them: each as new or as old as its
/// tables (text/unicode_versions.hpp). Pure functions, any thread, no locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::tokenizer {

/// The classes that the well-known split patterns distinguish; each code point is in exactly one.
enum class CharClass : uint8_t {
  kOther,       ///< none of the below: punctuation, symbols, marks, controls, unassigned
  kLetter,      ///< \p{L}
  kNumber,      ///< \p{N}
  kWhitespace,  ///< \s, the property White_Space
};

CharClass char_class_beyond_ascii(char32_t c) noexcept;

extern const CharClass kAsciiClass[128];

inline CharClass char_class(char32_t c) noexcept {
  return c < 128 ? kAsciiClass[c] : char_class_beyond_ascii(c);
}

/// The property White_Space: what Rust's `char::is_whitespace` and `\s` mean. Not U+200B.
inline bool is_whitespace(char32_t c) noexcept {
  return char_class(c) == CharClass::kWhitespace;
}

/// `\w` of Rust's regular expressions: Alphabetic, marks, decimal numbers, connector punctuation, join
/// controls.
bool is_word_character(char32_t c) noexcept;
/// Rust's `char::is_numeric`: categories Nd, Nl, No.
bool is_numeric(char32_t c) noexcept;
/// Categories P*, and every visible ASCII character that is no letter or digit ($ and + too).
bool is_punctuation(char32_t c) noexcept;
/// Categories Cc, Cf, Co: what BERT's cleaning takes out. Tab and line ends too, which it asks for before.
bool is_control_or_format(char32_t c) noexcept;
/// Categories M*: what StripAccents takes out.
bool is_mark(char32_t c) noexcept;
/// Category Mn: what BERT takes out after decomposition.
bool is_nonspacing_mark(char32_t c) noexcept;

/// Appends the full lower case in UTF-8, without context (a final sigma is σ). Only U+0130 becomes two
/// characters.
void append_lower_case(std::string& out, char32_t c);

enum class Decomposition { kCanonical, kCompatibility };

/// Appends the full decomposition, not yet in canonical order; a character without one is itself.
void append_decomposition(std::vector<char32_t>& out, char32_t c, Decomposition kind);
/// Canonical_Combining_Class; 0 for starters.
uint8_t combining_class(char32_t c) noexcept;
/// The primary composite of two characters, 0 if there is none.
char32_t compose(char32_t first, char32_t second) noexcept;

/// Length in bytes of the extended grapheme cluster (what a reader takes for one character) at the start of
/// valid, non-empty UTF-8.
size_t grapheme_length(std::string_view text) noexcept;

}  // namespace tessera::tokenizer
