#include "core/config/json_of_yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace tessera {
namespace {

std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

template <typename T>
bool parse(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

/// `text` stood without quotes.
std::string plain(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return "null";
  if (text == "true" || text == "True" || text == "TRUE") return "true";
  if (text == "false" || text == "False" || text == "FALSE") return "false";
  std::string_view digits = text;
  if (digits.front() == '+') digits.remove_prefix(1);
  int64_t integer = 0;
  if (parse(digits, integer)) return fmt::format("{}", integer);
  double number = 0;
  if (parse(digits, number) && std::isfinite(number)) return fmt::format("{}", number);
  return json_string(text);
}

}  // namespace

std::string json_of_yaml(const YAML::Node& node) {
  if (!node.IsDefined() || node.IsNull()) return "null";
  if (node.IsScalar()) return node.Tag() == "!" ? json_string(node.Scalar()) : plain(node.Scalar());
  std::string out(1, node.IsMap() ? '{' : '[');
  for (const auto& entry : node) {
    if (out.size() > 1) out += ", ";
    if (node.IsMap()) {
      out +=
          json_string(entry.first.IsScalar() ? entry.first.Scalar() : "") + ": " + json_of_yaml(entry.second);
    } else {
      out += json_of_yaml(entry);
    }
  }
  return out + (node.IsMap() ? '}' : ']');
}

}  // namespace tessera
