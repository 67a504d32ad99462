#include "core/tokenizer/text/unicode.hpp"

#include <utf8proc.h>

#include <array>

#include "core/tokenizer/text/unicode_versions.hpp"
#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

constexpr CharClass O = CharClass::kOther, L = CharClass::kLetter, N = CharClass::kNumber,
                    S = CharClass::kWhitespace;

utf8proc_category_t category(char32_t c) noexcept {
  return static_cast<utf8proc_category_t>(utf8proc_category(static_cast<utf8proc_int32_t>(c)));
}

// utf8proc numbers the categories in the order of their names' first letters.
bool is_letter_category(utf8proc_category_t k) {
  return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}
bool is_mark_category(utf8proc_category_t k) {
  return k >= UTF8PROC_CATEGORY_MN && k <= UTF8PROC_CATEGORY_ME;
}
bool is_number_category(utf8proc_category_t k) {
  return k >= UTF8PROC_CATEGORY_ND && k <= UTF8PROC_CATEGORY_NO;
}
bool is_punctuation_category(utf8proc_category_t k) {
  return k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO;
}

bool is_whitespace_beyond_ascii(char32_t c) noexcept {
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// Whether a character can be the second of a composition: marks and the vowels and finals of Hangul.
bool can_be_composed(char32_t c) noexcept {
  return c >= 0x300 && (is_mark_category(category(c)) || (c >= 0x1160 && c <= 0x11FF));
}

}  // namespace

const CharClass kAsciiClass[128] = {
    O, O, O, O, O, O, O, O, O, S, S, S, S, S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O,
    S, O, O, O, O, O, O, O, O, O, O, O, O, O, O, O, N, N, N, N, N, N, N, N, N, N, O, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
    O, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, L, O, O, O, O, O,
};

CharClass char_class_beyond_ascii(char32_t c) noexcept {
  const utf8proc_category_t kind = category(c);
  if (is_letter_category(kind)) return CharClass::kLetter;
  if (is_number_category(kind)) return CharClass::kNumber;
  if (is_whitespace_beyond_ascii(c)) return CharClass::kWhitespace;
  if (kind != UTF8PROC_CATEGORY_CN) return CharClass::kOther;
  if (is_later_letter(c)) return CharClass::kLetter;
  return is_later_number(c) ? CharClass::kNumber : CharClass::kOther;
}

bool is_word_character(char32_t c) noexcept {
  const utf8proc_category_t kind = category(c);
  if (is_letter_category(kind) || is_mark_category(kind)) return true;
  if (kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL || kind == UTF8PROC_CATEGORY_PC)
    return true;
  return c == 0x200C || c == 0x200D || is_further_word_character(c);
}

bool is_numeric(char32_t c) noexcept {
  return char_class(c) == CharClass::kNumber || (c >= 128 && is_later_numeral(c));
}

bool is_punctuation(char32_t c) noexcept {
  if (c < 128) return kAsciiClass[c] == O && c > ' ' && c != 0x7F;
  return was_punctuation(c, is_punctuation_category(category(c)));
}

bool is_control_or_format(char32_t c) noexcept {
  if (c < 128) return c < ' ' || c == 0x7F;
  const utf8proc_category_t kind = category(c);
  if (kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CO) return true;
  return kind == UTF8PROC_CATEGORY_CF && was_format(c);
}

bool is_mark(char32_t c) noexcept {
  return c >= 0x300 && was_mark(c, is_mark_category(category(c)));
}

bool is_nonspacing_mark(char32_t c) noexcept {
  return c >= 0x300 && was_nonspacing_mark(c, category(c) == UTF8PROC_CATEGORY_MN);
}

void append_lower_case(std::string& out, char32_t c) {
  constexpr char32_t kCapitalDottedI = 0x130;
  if (c == kCapitalDottedI) {
    out += "i\xCC\x87";
    return;
  }
  const auto lower = static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
  append_utf8(out, lower == c ? later_lower_case(c) : lower);
}

void append_decomposition(std::vector<char32_t>& out, char32_t c, Decomposition kind) {
  if (c < 0xA0 || !had_decomposition(c)) {
    out.push_back(c);
    return;
  }
  int options = UTF8PROC_DECOMPOSE;
  if (kind == Decomposition::kCompatibility) options |= UTF8PROC_COMPAT;
  std::array<utf8proc_int32_t, 32> parts;  // the longest is 18
  const auto count = utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c), parts.data(), parts.size(),
                                             static_cast<utf8proc_option_t>(options), nullptr);
  for (utf8proc_ssize_t i = 0; i < count; ++i)
    out.push_back(static_cast<char32_t>(parts[static_cast<size_t>(i)]));
}

uint8_t combining_class(char32_t c) noexcept {
  if (c < 0x300) return 0;
  const auto value = utf8proc_get_property(static_cast<utf8proc_int32_t>(c))->combining_class;
  return value != 0 && had_combining_class(c) ? static_cast<uint8_t>(value) : 0;
}

char32_t compose(char32_t first, char32_t second) noexcept {
  constexpr char32_t kDivesAkuruO = 0x11938;  // newer than the tables of the library
  if (!can_be_composed(second)) return 0;
  std::array<utf8proc_int32_t, 2> pair = {static_cast<utf8proc_int32_t>(first),
                                          static_cast<utf8proc_int32_t>(second)};
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
  if (utf8proc_normalize_utf32(pair.data(), 2, options) != 1) return 0;
  const auto composite = static_cast<char32_t>(pair[0]);
  return composite == kDivesAkuruO ? 0 : composite;
}

size_t grapheme_length(std::string_view text) noexcept {
  utf8proc_int32_t state = 0;
  CodePoint before = decode_utf8(text, 0);
  size_t at = before.length;
  while (at < text.size()) {
    const CodePoint c = decode_utf8(text, at);
    if (utf8proc_grapheme_break_stateful(static_cast<utf8proc_int32_t>(before.value),
                                         static_cast<utf8proc_int32_t>(c.value), &state)) {
      break;
    }
    before = c;
    at += c.length;
  }
  return at;
}

}  // namespace tessera::tokenizer
