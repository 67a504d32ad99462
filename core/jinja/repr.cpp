#include "core/jinja/repr.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

std::string joined(const std::vector<Value>& items) {
  std::string text;
  for (const Value& item : items) text += (text.empty() ? "" : ", ") + repr(item);
  return text;
}

std::string repr_dict(const Dict& dict) {
  std::string text;
  for (const auto& [key, value] : dict.entries()) {
    text += (text.empty() ? "" : ", ") + repr(key) + ": " + repr(value);
  }
  return "{" + text + "}";
}

void append_escaped(std::string& out, char32_t c) {
  if (c < 0x100) {
    out += fmt::format("\\x{:02x}", static_cast<uint32_t>(c));
  } else if (c < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<uint32_t>(c));
  }
}

}  // namespace

std::string float_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number, std::chars_format::scientific).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  std::string out;
  if (text[0] == '-') {
    out = "-";
    text.remove_prefix(1);
  }
  const size_t e = text.find('e');
  int exponent = 0;
  const char* digits_of_exponent = text.data() + e + (text[e + 1] == '+' ? 2 : 1);
  std::from_chars(digits_of_exponent, text.data() + text.size(), exponent);
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  if (exponent < -4 || exponent >= 16) {
    out += digits[0];
    if (digits.size() > 1) out += "." + digits.substr(1);
    return out + fmt::format("e{}{:02}", exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::string repr_text(std::string_view utf8) {
  const bool double_quotes = utf8.find('\'') != utf8.npos && utf8.find('"') == utf8.npos;
  const char quote = double_quotes ? '"' : '\'';
  std::string out(1, quote);
  for (const char32_t c : code_points(utf8)) {
    if (c == '\\' || c == static_cast<char32_t>(quote)) {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_printable(c)) {
      append_code_point(out, c);
    } else {
      append_escaped(out, c);
    }
  }
  return out + quote;
}

std::string repr(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kString:
      return value.text().markup ? "Markup(" + repr_text(value.string()) + ")" : repr_text(value.string());
    case Kind::kList:
      return "[" + joined(value.items()) + "]";
    case Kind::kTuple:
      return "(" + joined(value.items()) + (value.items().size() == 1 ? ",)" : ")");
    case Kind::kDict:
      return repr_dict(value.dict());
    case Kind::kObject:
      return value.object().repr();
    default:
      return to_text(value);
  }
}

std::string to_text(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return {};
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return value.boolean() ? "True" : "False";
    case Kind::kInt:
      return fmt::format("{}", value.integer());
    case Kind::kFloat:
      return float_text(value.number());
    case Kind::kBigInt:
      return value.decimal();
    case Kind::kString:
      return value.string();
    default:
      return repr(value);
  }
}

std::string type_name(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return "Undefined";
    case Kind::kNone:
      return "NoneType";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
    case Kind::kBigInt:
      return "int";
    case Kind::kFloat:
      return "float";
    case Kind::kString:
      return value.text().markup ? "Markup" : "str";
    case Kind::kList:
      return "list";
    case Kind::kTuple:
      return "tuple";
    case Kind::kDict:
      return "dict";
    case Kind::kObject:
      return value.object().type_name();
  }
  return "object";
}

}  // namespace tessera::jinja
