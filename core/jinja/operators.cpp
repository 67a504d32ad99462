#include "core/jinja/operators.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/jinja/failure.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/markup.hpp"
#include "core/jinja/percent_format.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

bool is_number(const Value& value) {
  return value.is_integral() || value.is(Kind::kFloat);
}

Failure bad_operands(std::string_view sign, const Value& a, const Value& b) {
  return Failure(
      fmt::format("unsupported operand type(s) for {}: '{}' and '{}'", sign, type_name(a), type_name(b)));
}

/// Both are numbers that fit machine types, or an error: undefined, beyond 64 bits, no numbers at all.
void require_numbers(std::string_view sign, const Value& a, const Value& b) {
  require_defined(a);
  require_defined(b);
  if (is_number(a) && is_number(b)) return;
  const auto big = [](const Value& v) { return v.is(Kind::kBigInt); };
  if ((big(a) || is_number(a)) && (big(b) || is_number(b))) {
    throw not_supported("arithmetic with integers beyond 64 bits");
  }
  throw bad_operands(sign, a, b);
}

template <typename T>
bool holds(std::string_view sign, const T& a, const T& b) {
  if (sign == "<") return a < b;
  if (sign == "<=") return a <= b;
  return sign == ">" ? a > b : a >= b;
}

int64_t checked(bool overflows, int64_t result) {
  if (overflows) throw not_supported("arithmetic with integers beyond 64 bits");
  return result;
}

Value repeated(const Value& value, int64_t times) {
  const auto count = static_cast<size_t>(std::max<int64_t>(times, 0));
  if (value.is_string()) {
    check_size(value.string().size(), count);
    std::string text;
    text.reserve(value.string().size() * count);
    for (size_t i = 0; i < count; ++i) text += value.string();
    return Text{std::move(text), value.text().markup};
  }
  check_size(value.items().size() * sizeof(Value), count);
  std::vector<Value> items;
  for (size_t i = 0; i < count; ++i) items.insert(items.end(), value.items().begin(), value.items().end());
  return value.is(Kind::kList) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value concatenated(const Value& a, const Value& b) {
  check_size((a.items().size() + b.items().size()) * sizeof(Value), 1);
  std::vector<Value> items = a.items();
  items.insert(items.end(), b.items().begin(), b.items().end());
  return a.is(Kind::kList) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value joined(const Text& a, const Text& b) {
  check_size(a.utf8.size() + b.utf8.size(), 1);
  if (!a.markup && !b.markup) return Value(a.utf8 + b.utf8);
  return Text{(a.markup ? a.utf8 : escape_markup(a.utf8)) + (b.markup ? b.utf8 : escape_markup(b.utf8)),
              true};
}

bool equal_sequences(const std::vector<Value>& a, const std::vector<Value>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), equals);
}

bool equal_dicts(const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  return std::all_of(a.entries().begin(), a.entries().end(), [&](const auto& entry) {
    const Value* other = b.find(entry.first);
    return other != nullptr && equals(entry.second, *other);
  });
}

Value integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) throw Failure("0.0 cannot be raised to a negative power");
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  int64_t result = 1;
  for (bool overflows = false; exponent > 0; exponent >>= 1) {
    if (exponent & 1) overflows = __builtin_mul_overflow(result, base, &result);
    checked(overflows, 0);
    if (exponent > 1) checked(__builtin_mul_overflow(base, base, &base), 0);
  }
  return result;
}

/// As Python: exact where the rounded quotient would not be.
double floor_quotient(double x, double y) {
  const double rest = std::fmod(x, y);
  double quotient = (x - rest) / y;
  if (rest != 0 && (rest < 0) != (y < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, x / y);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1 : floored;
}

std::function<std::optional<Value>()> over(std::vector<Value> items) {
  return [items = std::move(items), at = size_t{0}]() mutable -> std::optional<Value> {
    if (at == items.size()) return std::nullopt;
    return items[at++];
  };
}

std::vector<Value> characters(std::string_view utf8) {
  std::vector<Value> items;
  for (const char32_t c : code_points(utf8)) items.emplace_back(to_utf8(std::u32string_view(&c, 1)));
  return items;
}

std::vector<Value> keys(const Dict& dict) {
  std::vector<Value> items;
  for (const auto& entry : dict.entries()) items.push_back(entry.first);
  return items;
}

}  // namespace

void require_defined(const Value& value) {
  if (value.is_undefined()) throw Failure(value.undefined_message());
}

bool truthy(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
    case Kind::kNone:
      return false;
    case Kind::kBool:
    case Kind::kInt:
      return value.integer() != 0;
    case Kind::kFloat:
      return value.number() != 0;
    case Kind::kBigInt:
      return true;
    case Kind::kString:
      return !value.string().empty();
    case Kind::kList:
    case Kind::kTuple:
      return !value.items().empty();
    case Kind::kDict:
      return value.dict().size() > 0;
    case Kind::kObject:
      return value.object().truthy();
  }
  return false;
}

bool equals(const Value& a, const Value& b) {
  if (a.is_integral() && b.is_integral()) return a.integer() == b.integer();
  if (is_number(a) && is_number(b)) return a.number() == b.number();
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kBigInt:
      return a.decimal() == b.decimal();
    case Kind::kString:
      return a.string() == b.string();
    case Kind::kList:
    case Kind::kTuple:
      return equal_sequences(a.items(), b.items());
    case Kind::kDict:
      return equal_dicts(a.dict(), b.dict());
    case Kind::kObject:
      return &a.object() == &b.object();
    default:
      return true;
  }
}

bool less(const Value& a, const Value& b) {
  return compare_order("<", a, b);
}

bool compare_order(std::string_view sign, const Value& a, const Value& b) {
  require_defined(a);
  require_defined(b);
  if (a.is_integral() && b.is_integral()) return holds(sign, a.integer(), b.integer());
  if (is_number(a) && is_number(b)) return holds(sign, a.number(), b.number());
  if (a.is_string() && b.is_string())
    return holds(sign, a.string(), b.string());  // UTF-8 sorts as code points
  if (a.is_sequence() && a.kind() == b.kind()) {
    const auto [left, right] =
        std::mismatch(a.items().begin(), a.items().end(), b.items().begin(), b.items().end(), equals);
    if (left != a.items().end() && right != b.items().end()) return compare_order(sign, *left, *right);
    return holds(sign, a.items().size(), b.items().size());
  }
  const auto big_or_number = [](const Value& v) { return v.is(Kind::kBigInt) || is_number(v); };
  if (big_or_number(a) && big_or_number(b)) throw not_supported("comparing integers beyond 64 bits");
  throw Failure(
      fmt::format("'{}' not supported between instances of '{}' and '{}'", sign, type_name(a), type_name(b)));
}

bool contains(const Value& container, const Value& item) {
  if (container.is_string()) {
    if (!item.is_string()) {
      require_defined(item);
      throw Failure(fmt::format("'in <string>' requires string as left operand, not {}", type_name(item)));
    }
    return container.string().find(item.string()) != std::string::npos;
  }
  if (container.is_dict()) {
    if (item.is(Kind::kList) || item.is_dict())
      throw Failure(fmt::format("unhashable type: '{}'", type_name(item)));
    return container.dict().find(item) != nullptr;
  }
  if (container.is_none() || is_number(container)) {
    throw Failure(fmt::format("argument of type '{}' is not iterable", type_name(container)));
  }
  const auto next = iterate(container);
  while (const auto element = next()) {
    if (equals(*element, item)) return true;
  }
  return false;
}

Value add(const Value& a, const Value& b) {
  require_defined(a);
  require_defined(b);
  if (a.is_string() && b.is_string()) return joined(a.text(), b.text());
  if (a.is_sequence() && a.kind() == b.kind()) return concatenated(a, b);
  if (a.is_string() && !b.is_string()) {
    throw Failure(fmt::format("can only concatenate str (not \"{}\") to str", type_name(b)));
  }
  if (a.is_sequence()) {
    throw Failure(fmt::format("can only concatenate {0} (not \"{1}\") to {0}", type_name(a), type_name(b)));
  }
  require_numbers("+", a, b);
  if (!a.is_integral() || !b.is_integral()) return a.number() + b.number();
  int64_t sum = 0;
  const bool overflows = __builtin_add_overflow(a.integer(), b.integer(), &sum);
  return checked(overflows, sum);
}

Value subtract(const Value& a, const Value& b) {
  require_numbers("-", a, b);
  if (!a.is_integral() || !b.is_integral()) return a.number() - b.number();
  int64_t difference = 0;
  const bool overflows = __builtin_sub_overflow(a.integer(), b.integer(), &difference);
  return checked(overflows, difference);
}

Value multiply(const Value& a, const Value& b) {
  require_defined(a);
  require_defined(b);
  if ((a.is_string() || a.is_sequence()) && b.is_integral()) return repeated(a, b.integer());
  if ((b.is_string() || b.is_sequence()) && a.is_integral()) return repeated(b, a.integer());
  require_numbers("*", a, b);
  if (!a.is_integral() || !b.is_integral()) return a.number() * b.number();
  int64_t product = 0;
  const bool overflows = __builtin_mul_overflow(a.integer(), b.integer(), &product);
  return checked(overflows, product);
}

Value divide(const Value& a, const Value& b) {
  require_numbers("/", a, b);
  if (b.number() == 0) {
    throw Failure(a.is_integral() && b.is_integral() ? "division by zero" : "float division by zero");
  }
  return a.number() / b.number();
}

Value floor_divide(const Value& a, const Value& b) {
  require_numbers("//", a, b);
  if (b.number() == 0) {
    throw Failure(a.is_integral() && b.is_integral() ? "integer division or modulo by zero"
                                                     : "float floor division by zero");
  }
  if (!a.is_integral() || !b.is_integral()) return floor_quotient(a.number(), b.number());
  const int64_t x = a.integer(), y = b.integer();
  checked(x == INT64_MIN && y == -1, 0);
  return x / y - (x % y != 0 && (x < 0) != (y < 0) ? 1 : 0);
}

Value modulo(const Value& a, const Value& b) {
  if (a.is_string()) return percent_format(a, b);
  require_numbers("%", a, b);
  if (b.number() == 0) {
    throw Failure(a.is_integral() && b.is_integral() ? "integer modulo by zero" : "float modulo");
  }
  if (a.is_integral() && b.is_integral()) {
    const int64_t x = a.integer(), y = b.integer();
    if (y == -1) return int64_t{0};
    return x % y + (x % y != 0 && (x < 0) != (y < 0) ? y : 0);
  }
  const double y = b.number(), rest = std::fmod(a.number(), y);
  return rest != 0 && (rest < 0) != (y < 0) ? rest + y : rest == 0 ? std::copysign(0.0, y) : rest;
}

Value power(const Value& a, const Value& b) {
  require_numbers("** or pow()", a, b);
  if (a.is_integral() && b.is_integral()) return integer_power(a.integer(), b.integer());
  if (a.number() == 0 && b.number() < 0) throw Failure("0.0 cannot be raised to a negative power");
  if (a.number() < 0 && std::floor(b.number()) != b.number()) throw not_supported("a complex result of **");
  const double result = std::pow(a.number(), b.number());
  if (std::isinf(result) && std::isfinite(a.number()) && std::isfinite(b.number())) {
    throw Failure("(34, 'Numerical result out of range')");
  }
  return result;
}

Value negate(const Value& value) {
  require_defined(value);
  if (value.is(Kind::kFloat)) return -value.number();
  if (value.is(Kind::kBigInt)) {
    const std::string& digits = value.decimal();
    return Value::big_integer(digits[0] == '-' ? digits.substr(1) : "-" + digits);
  }
  if (!value.is_integral())
    throw Failure(fmt::format("bad operand type for unary -: '{}'", type_name(value)));
  if (value.integer() == INT64_MIN) throw not_supported("arithmetic with integers beyond 64 bits");
  return -value.integer();
}

Value plus(const Value& value) {
  require_defined(value);
  if (value.is(Kind::kFloat) || value.is(Kind::kBigInt)) return value;
  if (!value.is_integral())
    throw Failure(fmt::format("bad operand type for unary +: '{}'", type_name(value)));
  return value.integer();
}

std::function<std::optional<Value>()> iterate(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return over({});
    case Kind::kString:
      return over(characters(value.string()));
    case Kind::kList:
    case Kind::kTuple:
      return [value, at = size_t{0}]() mutable -> std::optional<Value> {
        if (at == value.items().size()) return std::nullopt;
        return value.items()[at++];
      };
    case Kind::kDict:
      return over(keys(value.dict()));
    case Kind::kObject:
      return value.object().iterate();
    default:
      throw Failure(fmt::format("'{}' object is not iterable", type_name(value)));
  }
}

std::vector<Value> to_vector(const Value& value) {
  if (value.is_sequence()) return value.items();
  std::vector<Value> items;
  const auto next = iterate(value);
  while (auto item = next()) items.push_back(std::move(*item));
  return items;
}

int64_t length(const Value& value) {
  switch (value.kind()) {
    case Kind::kUndefined:
      return 0;
    case Kind::kString:
      return count_code_points(value.string());
    case Kind::kList:
    case Kind::kTuple:
      return static_cast<int64_t>(value.items().size());
    case Kind::kDict:
      return static_cast<int64_t>(value.dict().size());
    case Kind::kObject:
      if (const auto size = value.object().length()) return *size;
      [[fallthrough]];
    default:
      throw Failure(fmt::format("object of type '{}' has no len()", type_name(value)));
  }
}

}  // namespace tessera::jinja
