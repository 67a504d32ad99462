#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "core/jinja/failure.hpp"
#include "core/jinja/filters.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

/// Digits without Python's underscores and plus sign; nullopt where an underscore stands wrong.
std::optional<std::string> plain_number(std::string_view text) {
  text = strip_right(strip_left(text));
  if (text.starts_with('+') && text.substr(1, 1) != "-") text.remove_prefix(1);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      out += text[i];
      continue;
    }
    const auto digit = [&](size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at]));
    };
    if (i == 0 || !digit(i - 1) || !digit(i + 1)) return std::nullopt;
  }
  return out;
}

/// int(text, base) of Python; nullopt for ValueError.
std::optional<Value> parse_integer(std::string_view text, int64_t base) {
  auto digits = plain_number(text);
  if (!digits) return std::nullopt;
  const bool negative = digits->starts_with('-');
  std::string_view rest = std::string_view(*digits).substr(negative ? 1 : 0);
  const auto prefixed = [&](char letter) {
    return rest.size() > 2 && rest[0] == '0' && (rest[1] | 0x20) == letter;
  };
  for (const auto& [letter, value] : {std::pair('x', 16), std::pair('o', 8), std::pair('b', 2)}) {
    if ((base == value || base == 0) && prefixed(letter)) {
      rest.remove_prefix(2);
      base = value;
    }
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36) throw Failure("int() base must be >= 2 and <= 36, or 0");
  int64_t value = 0;
  const std::string number = (negative ? "-" : "") + std::string(rest);
  if (rest.starts_with('-')) return std::nullopt;
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), value, static_cast<int>(base));
  if (rest.empty() || end != number.data() + number.size()) return std::nullopt;
  if (error == std::errc()) return Value(value);
  if (error == std::errc::result_out_of_range && base == 10) return Value::big_integer(number);
  return std::nullopt;
}

/// float(text) of Python.
std::optional<double> parse_float(std::string_view text) {
  const auto digits = plain_number(text);
  if (!digits || digits->empty()) return std::nullopt;
  double value = 0;
  const char *begin = digits->data(), *last = begin + digits->size();
  const auto [end, error] = std::from_chars(begin, last, value);
  if (end != last) return std::nullopt;
  if (error == std::errc::result_out_of_range) {
    const bool tiny = digits->find("e-") != std::string::npos || digits->find("E-") != std::string::npos;
    value = std::copysign(tiny ? 0.0 : HUGE_VAL, (*digits)[0] == '-' ? -1.0 : 1.0);
  }
  return value;
}

/// int(x) of a number; nullopt where Python raises.
std::optional<Value> truncated(double number) {
  if (!std::isfinite(number)) return std::nullopt;
  const double whole = std::trunc(number);
  if (std::fabs(whole) < 9.2e18) return Value(static_cast<int64_t>(whole));
  return Value::big_integer(fmt::format("{:.0f}", whole));
}

Value to_integer(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("int", "default? base?");
  Value otherwise = args[0].value_or(Value(int64_t{0}));
  const int64_t base = args[1] && args[1]->is_integral() ? args[1]->integer() : 10;
  require_defined(input);
  if (input.is_integral()) return input.integer();
  if (input.is(Kind::kBigInt)) return input;
  if (input.is(Kind::kFloat)) return truncated(input.number()).value_or(otherwise);
  if (!input.is_string()) return otherwise;
  if (auto value = parse_integer(input.string(), base)) return *value;
  const auto number = parse_float(input.string());
  return number ? truncated(*number).value_or(otherwise) : otherwise;
}

Value to_float(Interpreter&, const Value& input, const Arguments& a) {
  const Value otherwise = a.bind("float", "default?")[0].value_or(Value(0.0));
  require_defined(input);
  if (input.is_integral() || input.is(Kind::kFloat)) return input.number();
  const auto number =
      input.is_string() || input.is(Kind::kBigInt) ? parse_float(to_text(input)) : std::nullopt;
  return number ? Value(*number) : otherwise;
}

/// round(x, digits) of Python: the decimal nearest to the exact binary value, ties to even.
double rounded(double number, int64_t digits) {
  if (!std::isfinite(number) || digits > 308) return number;
  if (digits >= 0) return *parse_float(fmt::format("{:.{}f}", number, static_cast<int>(digits)));
  if (digits < -308) return std::copysign(0.0, number);
  const double unit = std::pow(10.0, static_cast<double>(-digits)), scaled = number / unit;
  double whole = std::round(scaled);
  if (std::fabs(scaled - whole) == 0.5) whole = 2.0 * std::round(scaled / 2.0);
  return whole * unit;
}

Value rounded(int64_t number, int64_t digits) {
  if (digits >= 0) return number;
  if (digits < -18) return int64_t{0};
  int64_t unit = 1;
  for (int64_t i = digits; i < 0; ++i) unit *= 10;
  const int64_t down = number - ((number % unit) + unit) % unit, rest = number - down;
  const bool up = rest > unit - rest || (rest == unit - rest && (down / unit) % 2 != 0);
  return up ? down + unit : down;
}

Value round_filter(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("round", "precision? method?");
  require_defined(input);
  const int64_t precision = args[0] && args[0]->is_integral() ? args[0]->integer() : 0;
  const std::string method = args[1] ? to_text(*args[1]) : "common";
  if (method != "common" && method != "ceil" && method != "floor") {
    throw Failure("method must be common, ceil or floor");
  }
  if (!input.is_integral() && !input.is(Kind::kFloat)) {
    throw Failure(fmt::format("type {} doesn't define __round__ method", type_name(input)));
  }
  if (method == "common") {
    return input.is_integral() ? rounded(input.integer(), precision)
                               : Value(rounded(input.number(), precision));
  }
  const double unit = std::pow(10.0, static_cast<double>(precision)), scaled = input.number() * unit;
  return (method == "ceil" ? std::ceil(scaled) : std::floor(scaled)) / unit;
}

Value absolute(Interpreter&, const Value& input, const Arguments&) {
  require_defined(input);
  if (input.is(Kind::kFloat)) return std::fabs(input.number());
  if (!input.is_integral()) throw Failure(fmt::format("bad operand type for abs(): '{}'", type_name(input)));
  return input.integer() < 0 ? negate(input) : Value(input.integer());
}

Value file_size(Interpreter& interpreter, const Value& input, const Arguments& a) {
  const auto args = a.bind("filesizeformat", "binary?");
  const bool binary = args[0] && truthy(*args[0]);
  const double bytes = to_float(interpreter, input, {}).number(), base = binary ? 1024 : 1000;
  if (bytes == 1) return "1 Byte";
  if (bytes < base) return fmt::format("{} Bytes", static_cast<int64_t>(bytes));
  constexpr std::string_view kPrefixes = "kMGTPEZY";
  double unit = base;
  size_t i = 0;
  for (; i + 1 < kPrefixes.size() && bytes >= unit * base; ++i) unit *= base;
  const char letter = binary && i == 0 ? 'K' : kPrefixes[i];
  return fmt::format("{:.1f} {}{}B", bytes / unit, letter, binary ? "i" : "");
}

}  // namespace

const FilterTable& number_filters() {
  static const FilterTable kFilters{
      {"abs", absolute},   {"filesizeformat", file_size}, {"float", to_float},
      {"int", to_integer}, {"round", round_filter},
  };
  return kFilters;
}

}  // namespace tessera::jinja
