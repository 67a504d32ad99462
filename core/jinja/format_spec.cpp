#include "core/jinja/format_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>

#include "core/jinja/failure.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

constexpr int kMaxPrecision = 1000;

bool is_align(char32_t c) {
  return c == '<' || c == '>' || c == '^' || c == '=';
}

int read_number(const std::u32string& text, size_t& at) {
  int64_t number = 0;
  while (at < text.size() && text[at] >= '0' && text[at] <= '9' && number < INT32_MAX / 10) {
    number = number * 10 + (text[at++] - '0');
  }
  return static_cast<int>(number);
}

std::string sign_of(bool negative, char sign) {
  if (negative) return "-";
  return sign == '+' || sign == ' ' ? std::string(1, sign) : "";
}

/// `size` digits with a separator between groups; digits[0..whole) are the whole part.
std::string grouped(const std::string& digits, size_t whole, char separator, size_t group) {
  if (separator == '\0') return digits;
  std::string out;
  for (size_t i = 0; i < whole; ++i) {
    if (i > 0 && (whole - i) % group == 0) out += separator;
    out += digits[i];
  }
  return out + digits.substr(whole);
}

std::string padded(const std::string& prefix, const std::string& body, char default_align,
                   const FormatSpec& spec) {
  const auto size = static_cast<size_t>(count_code_points(prefix) + count_code_points(body));
  const auto width = static_cast<size_t>(spec.width);
  if (size >= width) return prefix + body;
  check_size(width, 4);
  std::string fill;
  append_code_point(fill, spec.fill);
  const auto filled = [&](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += fill;
    return text;
  };
  const size_t missing = width - size;
  switch (spec.align == '\0' ? default_align : spec.align) {
    case '<':
      return prefix + body + filled(missing);
    case '^':
      return filled(missing / 2) + prefix + body + filled(missing - missing / 2);
    case '=':
      return prefix + filled(missing) + body;
    default:
      return filled(missing) + prefix + body;
  }
}

Failure unknown_format(char type, std::string_view of) {
  return Failure(fmt::format("Unknown format code '{}' for object of type '{}'", type, of));
}

std::string digits_of(uint64_t magnitude, char type) {
  switch (type) {
    case 'b':
      return fmt::format("{:b}", magnitude);
    case 'o':
      return fmt::format("{:o}", magnitude);
    case 'x':
      return fmt::format("{:x}", magnitude);
    case 'X':
      return fmt::format("{:X}", magnitude);
    default:
      return fmt::format("{}", magnitude);
  }
}

std::string float_digits(double magnitude, const FormatSpec& spec) {
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  switch (spec.type) {
    case 'e':
      return fmt::format("{:.{}e}", magnitude, precision);
    case 'E':
      return fmt::format("{:.{}E}", magnitude, precision);
    case 'f':
    case 'F':
      return fmt::format("{:.{}f}", magnitude, precision);
    case 'g':
    case 'n':
      return fmt::format("{:.{}g}", magnitude, std::max(precision, 1));
    case 'G':
      return fmt::format("{:.{}G}", magnitude, std::max(precision, 1));
    case '%':
      return fmt::format("{:.{}f}%", magnitude * 100, precision);
    case '\0': {
      if (spec.precision < 0) return float_text(magnitude);
      std::string text = fmt::format("{:.{}g}", magnitude, std::max(spec.precision, 1));
      return text.find_first_of(".en") == text.npos ? text + ".0" : text;
    }
    default:
      throw unknown_format(spec.type, "float");
  }
}

}  // namespace

FormatSpec parse_format_spec(std::string_view utf8) {
  const std::u32string text = code_points(utf8);
  FormatSpec spec;
  size_t at = 0;
  const auto peek = [&](size_t i) { return i < text.size() ? text[i] : char32_t{0}; };
  if (is_align(peek(1))) {
    spec.fill = text[0];
    spec.align = static_cast<char>(text[1]);
    at = 2;
  } else if (is_align(peek(0))) {
    spec.align = static_cast<char>(text[at++]);
  }
  if (peek(at) == '+' || peek(at) == '-' || peek(at) == ' ') spec.sign = static_cast<char>(text[at++]);
  if (peek(at) == '#') spec.alternate = ++at > 0;
  if (peek(at) == '0') {
    ++at;
    if (spec.align == '\0') {
      spec.fill = '0';
      spec.align = '=';
    }
  }
  spec.width = read_number(text, at);
  if (peek(at) == ',' || peek(at) == '_') spec.grouping = static_cast<char>(text[at++]);
  if (peek(at) == '.') {
    const size_t start = ++at;
    spec.precision = read_number(text, at);
    if (at == start) throw Failure("Format specifier missing precision");
    if (spec.precision > kMaxPrecision) throw Failure("precision too big");
  }
  if (at < text.size() && text[at] < 128) spec.type = static_cast<char>(text[at++]);
  if (at != text.size()) throw Failure(fmt::format("Invalid format specifier '{}'", utf8));
  return spec;
}

std::string format_integer(int64_t value, const FormatSpec& spec) {
  const char type = spec.type == 'n' || spec.type == '\0' ? 'd' : spec.type;
  if (std::string_view("eEfFgG%").find(type) != std::string_view::npos) {
    return format_float(static_cast<double>(value), spec);
  }
  if (type == 'c') {
    std::string text;
    if (value < 0 || value > 0x10FFFF) throw Failure("%c arg not in range(0x110000)");
    if (value >= 0xD800 && value < 0xE000) throw not_supported("a lone surrogate");
    append_code_point(text, static_cast<char32_t>(value));
    return padded("", text, '<', spec);
  }
  if (std::string_view("bdoxX").find(type) == std::string_view::npos) throw unknown_format(type, "int");
  const uint64_t magnitude = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  std::string prefix = sign_of(value < 0, spec.sign);
  if (spec.alternate && type != 'd') prefix += std::string("0") + type;
  std::string digits = digits_of(magnitude, type);
  if (spec.precision > 0 && digits.size() < static_cast<size_t>(spec.precision)) {
    digits.insert(0, static_cast<size_t>(spec.precision) - digits.size(), '0');
  }
  return padded(prefix, grouped(digits, digits.size(), spec.grouping, type == 'd' ? 3 : 4), '>', spec);
}

std::string format_float(double value, const FormatSpec& spec) {
  const bool negative = std::signbit(value) && !std::isnan(value);
  std::string digits = float_digits(std::fabs(value), spec);
  if (spec.type == 'F' || spec.type == 'E' || spec.type == 'G') {
    std::transform(digits.begin(), digits.end(), digits.begin(), [](unsigned char c) {
      return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    });
  }
  const size_t whole = std::min(digits.find_first_not_of("0123456789"), digits.size());
  return padded(sign_of(negative, spec.sign), grouped(digits, whole, spec.grouping, 3), '>', spec);
}

std::string format_text(std::string_view utf8, const FormatSpec& spec) {
  std::u32string text = code_points(utf8);
  if (spec.precision >= 0 && text.size() > static_cast<size_t>(spec.precision)) {
    text.resize(static_cast<size_t>(spec.precision));
  }
  return padded("", to_utf8(text), '<', spec);
}

std::string format_value(const Value& value, std::string_view spec_text) {
  if (spec_text.empty()) return to_text(value);
  const FormatSpec spec = parse_format_spec(spec_text);
  if (value.is(Kind::kInt) || value.is(Kind::kBool)) return format_integer(value.integer(), spec);
  if (value.is(Kind::kFloat)) return format_float(value.number(), spec);
  if (!value.is_string()) {
    throw Failure(fmt::format("unsupported format string passed to {}.__format__", type_name(value)));
  }
  if (spec.type != '\0' && spec.type != 's') throw unknown_format(spec.type, "str");
  if (spec.align == '=' && spec.fill != '0')
    throw Failure("'=' alignment not allowed in string format specifier");
  return format_text(value.string(), spec);
}

}  // namespace tessera::jinja
