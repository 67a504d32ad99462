/// Where the Unicode tables of the tokenizers library differ from ours.
///
/// That library takes its properties from several crates, each with tables of its own age: Unicode 8 for
/// categories in BERT's rules, 9 for normalization, 16 in its regular expressions, 17 in Rust's `char`. Ours
/// are utf8proc's (Unicode 15). To give the same tokens for every character, the code points on which they
/// differ are listed here: found by asking version 0.23 about each of the 1,112,064, and held by
/// tests/core/tokenizer/text/unicode_test.cpp. Only unicode.cpp uses this file. Pure functions, any thread.
#pragma once

#include <cstdint>

namespace tessera::tokenizer {

// Unassigned in Unicode 15, but known to the newer tables.
bool is_later_letter(char32_t c) noexcept;
bool is_later_number(char32_t c) noexcept;
bool is_later_numeral(char32_t c) noexcept;
bool is_further_word_character(char32_t c) noexcept;
/// The lower case of a letter that Unicode 15 does not know; any other character is itself.
char32_t later_lower_case(char32_t c) noexcept;

// What the older tables say, given what Unicode 15 says.
bool was_punctuation(char32_t c, bool is_now) noexcept;
bool was_mark(char32_t c, bool is_now) noexcept;
bool was_nonspacing_mark(char32_t c, bool is_now) noexcept;
// The same for a character that now has the property.
bool was_format(char32_t c) noexcept;
bool had_combining_class(char32_t c) noexcept;
bool had_decomposition(char32_t c) noexcept;

}  // namespace tessera::tokenizer
