/// Properties of code points, named as Unicode and the regular expressions of tokenizers name them.
/// Pure functions, any thread, no locale.
#pragma once

#include <cstdint>

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

/// `\w` of Unicode regular expressions: Alphabetic, marks, decimal numbers, connector punctuation, join
/// controls.
bool is_word_character(char32_t c) noexcept;

}  // namespace tessera::tokenizer
