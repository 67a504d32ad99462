/// Text as Python's str sees it: a sequence of code points with properties. Texts are valid UTF-8. Pure
/// functions, any thread, no locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::jinja {

std::u32string code_points(std::string_view utf8);
std::string to_utf8(std::u32string_view text);
void append_code_point(std::string& out, char32_t c);
int64_t count_code_points(std::string_view utf8);

bool is_space(char32_t c);      ///< str.isspace: Unicode white space and U+001C..U+001F
bool is_printable(char32_t c);  ///< str.isprintable
bool is_letter(char32_t c);     ///< str.isalpha
bool is_decimal(char32_t c);    ///< str.isdecimal: category Nd
bool is_digit(char32_t c);      ///< str.isdigit: decimals, superscripts, circled digits
bool is_numeric(char32_t c);    ///< str.isnumeric: categories Nd, Nl, No (not the numerals among letters)
bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_title(char32_t c);
bool is_word(char32_t c);  ///< \w of Python's regular expressions

/// Full case mappings: "ß" becomes "SS", a final sigma "ς".
std::u32string upper(std::u32string_view text);
std::u32string lower(std::u32string_view text);
std::u32string capitalize(std::u32string_view text);

/// The text without the white space (or the characters of `*chars`) at its ends.
std::string_view strip_left(std::string_view utf8, const std::u32string* chars = nullptr);
std::string_view strip_right(std::string_view utf8, const std::u32string* chars = nullptr);

/// str.isupper and str.islower: there are letters with case, and all are of that case.
bool is_upper_cased(std::string_view utf8);
bool is_lower_cased(std::string_view utf8);

/// str.replace; at most `count` places, all when it is negative. Throws Failure when the result is too large.
std::string replace_text(std::string_view utf8, std::string_view old, std::string_view with,
                         int64_t count = -1);

/// str.splitlines; `keep_ends`: each line with its line end.
std::vector<std::string> split_lines(std::string_view utf8, bool keep_ends = false);

}  // namespace tessera::jinja
