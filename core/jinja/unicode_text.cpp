#include "core/jinja/unicode_text.hpp"

#include <utf8proc.h>

#include <algorithm>

#include "core/jinja/limits.hpp"
#include "core/jinja/special_case.hpp"

namespace tessera::jinja {
namespace {

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

struct CodePointRange {
  char32_t first, last;
};
/// Numeric_Type=Digit: digits that are no decimal numbers.
constexpr CodePointRange kOtherDigits[] = {
    {0xB2, 0xB3},     {0xB9, 0xB9},       {0x1369, 0x1371},   {0x19DA, 0x19DA},   {0x2070, 0x2070},
    {0x2074, 0x2079}, {0x2080, 0x2089},   {0x2460, 0x2468},   {0x2474, 0x247C},   {0x2488, 0x2490},
    {0x24EA, 0x24EA}, {0x24F5, 0x24FD},   {0x24FF, 0x24FF},   {0x2776, 0x277E},   {0x2780, 0x2788},
    {0x278A, 0x2792}, {0x10A40, 0x10A43}, {0x10E60, 0x10E68}, {0x11052, 0x1105A}, {0x1F100, 0x1F10A}};

/// Length of the character at `at`.
size_t length_at(std::string_view utf8, size_t at) {
  const auto lead = static_cast<unsigned char>(utf8[at]);
  return lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
}

char32_t decode(std::string_view utf8, size_t at) {
  const size_t length = length_at(utf8, at);
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(utf8[at + i])); };
  if (length == 1) return byte(0);
  char32_t c = byte(0) & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) c = c << 6 | (byte(i) & 0x3F);
  return c;
}

bool strips(char32_t c, const std::u32string* chars) {
  return chars ? chars->find(c) != chars->npos : is_space(c);
}

/// Letters with case, for the rule of the final sigma.
bool is_cased(char32_t c) {
  return is_upper(c) || is_lower(c) || is_title(c);
}

bool is_final_sigma(std::u32string_view text, size_t at) {
  const auto ignorable = [](char32_t c) {
    return c == '\'' || c == 0xAD || c == 0xB7 || c == 0x2019 || category(c) == UTF8PROC_CATEGORY_MN;
  };
  size_t before = at;
  while (before > 0 && ignorable(text[before - 1])) --before;
  if (before == 0 || !is_cased(text[before - 1])) return false;
  size_t after = at + 1;
  while (after < text.size() && ignorable(text[after])) ++after;
  return after == text.size() || !is_cased(text[after]);
}

void append_upper(std::u32string& out, char32_t c) {
  if (const SpecialCase* special = find_special_case(c)) {
    for (const char32_t part : special->upper) {
      if (part != 0) out += part;
    }
  } else {
    out += static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
  }
}

void append_title(std::u32string& out, char32_t c) {
  if (const SpecialCase* special = find_special_case(c)) {
    for (const char32_t part : special->title) {
      if (part != 0) out += part;
    }
  } else {
    out += static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(c)));
  }
}

void append_lower(std::u32string& out, std::u32string_view text, size_t at) {
  const char32_t c = text[at];
  if (c == 0x130) {
    out += {U'i', char32_t{0x307}};
  } else if (c == 0x3A3) {
    out += is_final_sigma(text, at) ? char32_t{0x3C2} : char32_t{0x3C3};
  } else {
    out += static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
  }
}

bool is_line_end(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

}  // namespace

std::u32string code_points(std::string_view utf8) {
  std::u32string text;
  text.reserve(utf8.size());
  for (size_t at = 0; at < utf8.size(); at += length_at(utf8, at)) text += decode(utf8, at);
  return text;
}

void append_code_point(std::string& out, char32_t c) {
  utf8proc_uint8_t bytes[4];
  const auto length = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(length));
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char32_t c : text) append_code_point(out, c);
  return out;
}

int64_t count_code_points(std::string_view utf8) {
  return std::count_if(utf8.begin(), utf8.end(), [](char byte) { return (byte & 0xC0) != 0x80; });
}

bool is_space(char32_t c) {
  return (c >= 9 && c <= 13) || (c >= 0x1C && c <= 0x20) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_letter(char32_t c) {
  const auto k = category(c);
  return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

bool is_decimal(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_ND;
}

bool is_digit(char32_t c) {
  return is_decimal(c) || std::any_of(std::begin(kOtherDigits), std::end(kOtherDigits),
                                      [c](const CodePointRange& r) { return c >= r.first && c <= r.last; });
}

bool is_numeric(char32_t c) {
  const auto k = category(c);
  return k == UTF8PROC_CATEGORY_ND || k == UTF8PROC_CATEGORY_NL || k == UTF8PROC_CATEGORY_NO;
}

bool is_upper(char32_t c) {
  return utf8proc_isupper(static_cast<utf8proc_int32_t>(c)) != 0;
}

bool is_lower(char32_t c) {
  return utf8proc_islower(static_cast<utf8proc_int32_t>(c)) != 0;
}

bool is_title(char32_t c) {
  return category(c) == UTF8PROC_CATEGORY_LT;
}

bool is_word(char32_t c) {
  return c == '_' || is_letter(c) || is_digit(c) || is_numeric(c);
}

std::u32string upper(std::u32string_view text) {
  std::u32string out;
  for (const char32_t c : text) append_upper(out, c);
  return out;
}

std::u32string lower(std::u32string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size(); ++i) append_lower(out, text, i);
  return out;
}

std::u32string capitalize(std::u32string_view text) {
  std::u32string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (i == 0) {
      append_title(out, text[0]);
    } else {
      append_lower(out, text, i);
    }
  }
  return out;
}

std::string_view strip_left(std::string_view utf8, const std::u32string* chars) {
  while (!utf8.empty() && strips(decode(utf8, 0), chars)) utf8.remove_prefix(length_at(utf8, 0));
  return utf8;
}

std::string_view strip_right(std::string_view utf8, const std::u32string* chars) {
  while (!utf8.empty()) {
    size_t at = utf8.size() - 1;
    while (at > 0 && (utf8[at] & 0xC0) == 0x80) --at;
    if (!strips(decode(utf8, at), chars)) break;
    utf8 = utf8.substr(0, at);
  }
  return utf8;
}

bool is_upper_cased(std::string_view utf8) {
  bool any = false;
  for (const char32_t c : code_points(utf8)) {
    if (is_lower(c) || is_title(c)) return false;
    any |= is_upper(c);
  }
  return any;
}

bool is_lower_cased(std::string_view utf8) {
  bool any = false;
  for (const char32_t c : code_points(utf8)) {
    if (is_upper(c) || is_title(c)) return false;
    any |= is_lower(c);
  }
  return any;
}

std::string replace_text(std::string_view utf8, std::string_view old, std::string_view with, int64_t count) {
  std::string out;
  size_t at = 0;
  const auto take = [&](size_t length) {
    out += utf8.substr(at, length);
    at += length;
    check_size(out.size(), 1);
  };
  for (; count != 0; --count) {
    if (old.empty()) {
      out += with;
      if (at == utf8.size()) break;
      take(length_at(utf8, at));
      continue;
    }
    const size_t found = utf8.find(old, at);
    if (found == utf8.npos) break;
    take(found - at);
    out += with;
    at += old.size();
  }
  take(utf8.size() - at);
  return out;
}

std::vector<std::string> split_lines(std::string_view utf8, bool keep_ends) {
  std::vector<std::string> lines;
  size_t start = 0;
  for (size_t at = 0; at < utf8.size();) {
    const size_t length = length_at(utf8, at);
    if (!is_line_end(decode(utf8, at))) {
      at += length;
      continue;
    }
    const bool pair = utf8[at] == '\r' && at + 1 < utf8.size() && utf8[at + 1] == '\n';
    const size_t next = at + length + (pair ? 1 : 0);
    lines.emplace_back(utf8.substr(start, (keep_ends ? next : at) - start));
    start = at = next;
  }
  if (start < utf8.size()) lines.emplace_back(utf8.substr(start));
  return lines;
}

}  // namespace tessera::jinja
