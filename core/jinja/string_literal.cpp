#include "core/jinja/string_literal.hpp"

#include <fmt/format.h>

#include <charconv>

#include "core/jinja/failure.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

/// Exactly `digits` hexadecimal digits at `at`.
char32_t read_hex(std::string_view text, size_t at, size_t digits, char kind) {
  uint32_t value = 0;
  const char *begin = text.data() + at, *end = begin + digits;
  if (at + digits > text.size() || std::from_chars(begin, end, value, 16).ptr != end || value > 0x10FFFF) {
    throw Failure(fmt::format("truncated or illegal escape '\\{}'", kind), ErrorCode::kCorruptData);
  }
  if (value >= 0xD800 && value < 0xE000) {
    throw Failure(fmt::format("the escape \\{}{:04x} is half a surrogate pair", kind, value),
                  ErrorCode::kCorruptData);
  }
  return value;
}

/// The characters of one-letter escapes; '\0' for others.
char simple_escape(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'a':
      return '\a';
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'v':
      return '\v';
    case '\\':
    case '\'':
    case '"':
      return c;
    default:
      return '\0';
  }
}

}  // namespace

std::string resolve_escapes(std::string_view literal) {
  std::string out;
  for (size_t at = 0; at < literal.size(); ++at) {
    if (literal[at] != '\\' || at + 1 == literal.size()) {
      out += literal[at];
      continue;
    }
    const char kind = literal[++at];
    if (const char simple = simple_escape(kind)) {
      out += simple;
    } else if (kind == '\n') {
      continue;  // a line that goes on
    } else if (kind == 'x' || kind == 'u' || kind == 'U') {
      const size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
      append_code_point(out, read_hex(literal, at + 1, digits, kind));
      at += digits;
    } else if (kind >= '0' && kind <= '7') {
      uint32_t value = 0;
      size_t end = at;
      while (end < literal.size() && end < at + 3 && literal[end] >= '0' && literal[end] <= '7') {
        value = value * 8 + static_cast<uint32_t>(literal[end++] - '0');
      }
      append_code_point(out, value);
      at = end - 1;
    } else if (kind == 'N') {
      throw not_supported("the escape \\N{...}");
    } else {
      out += '\\';
      out += kind;
    }
  }
  return out;
}

}  // namespace tessera::jinja
