#include "core/jinja/predicates.hpp"

#include <map>

#include "core/jinja/failure.hpp"
#include "core/jinja/filters.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

bool is_integer(const Value& v) {
  return v.is(Kind::kInt) || v.is(Kind::kBigInt);
}

bool is_any_number(const Value& v) {
  return is_integer(v) || v.is(Kind::kBool) || v.is(Kind::kFloat);
}

bool is_sequence(const Value& v) {
  if (v.is(Kind::kObject)) return v.object().is_sequence();
  return v.is_sequence() || v.is_string() || v.is_dict() || v.is_undefined();
}

bool is_iterable(const Value& v) {
  if (v.is(Kind::kObject)) return v.object().is_iterable();
  return is_sequence(v);
}

Value operand(const Arguments& a) {
  return *a.bind("test", "other")[0];
}

template <bool (*kIs)(const Value&)>
bool simple(Interpreter&, const Value& v, const Arguments& a) {
  a.bind("test", "");
  return kIs(v);
}

bool is_none(const Value& v) {
  return v.is_none();
}
bool is_boolean(const Value& v) {
  return v.is(Kind::kBool);
}
bool is_false(const Value& v) {
  return v.is(Kind::kBool) && !v.boolean();
}
bool is_true(const Value& v) {
  return v.is(Kind::kBool) && v.boolean();
}
bool is_float(const Value& v) {
  return v.is(Kind::kFloat);
}
bool is_string(const Value& v) {
  return v.is_string();
}
bool is_mapping(const Value& v) {
  return v.is_dict();
}
bool is_defined(const Value& v) {
  return !v.is_undefined();
}
bool is_undefined(const Value& v) {
  return v.is_undefined();
}
bool is_callable(const Value& v) {
  return v.is(Kind::kObject) && v.object().is_callable();
}
bool is_escaped(const Value& v) {
  return v.is_string() && v.text().markup;
}
bool is_odd(const Value& v) {
  return equals(modulo(v, Value(int64_t{2})), Value(int64_t{1}));
}
bool is_even(const Value& v) {
  return equals(modulo(v, Value(int64_t{2})), Value(int64_t{0}));
}
bool is_lower_text(const Value& v) {
  return is_lower_cased(to_text(v));
}
bool is_upper_text(const Value& v) {
  return is_upper_cased(to_text(v));
}

bool equal_test(Interpreter&, const Value& v, const Arguments& a) {
  return equals(v, operand(a));
}
bool unequal_test(Interpreter&, const Value& v, const Arguments& a) {
  return !equals(v, operand(a));
}
bool less_test(Interpreter&, const Value& v, const Arguments& a) {
  return compare_order("<", v, operand(a));
}
bool less_equal_test(Interpreter&, const Value& v, const Arguments& a) {
  return compare_order("<=", v, operand(a));
}
bool greater_test(Interpreter&, const Value& v, const Arguments& a) {
  return compare_order(">", v, operand(a));
}
bool greater_equal_test(Interpreter&, const Value& v, const Arguments& a) {
  return compare_order(">=", v, operand(a));
}

}  // namespace

TestFunction find_test(std::string_view name) {
  static const std::map<std::string_view, TestFunction> kTests{
      {"odd", simple<is_odd>},
      {"even", simple<is_even>},
      {"divisibleby",
       [](Interpreter&, const Value& v, const Arguments& a) {
         return equals(modulo(v, *a.bind("divisibleby", "num")[0]), Value(int64_t{0}));
       }},
      {"defined", simple<is_defined>},
      {"undefined", simple<is_undefined>},
      {"filter", [](Interpreter&, const Value& v,
                    const Arguments&) { return v.is_string() && find_filter(v.string()); }},
      {"test",
       [](Interpreter&, const Value& v, const Arguments&) { return v.is_string() && find_test(v.string()); }},
      {"none", simple<is_none>},
      {"boolean", simple<is_boolean>},
      {"false", simple<is_false>},
      {"true", simple<is_true>},
      {"integer", simple<is_integer>},
      {"float", simple<is_float>},
      {"lower", simple<is_lower_text>},
      {"upper", simple<is_upper_text>},
      {"string", simple<is_string>},
      {"mapping", simple<is_mapping>},
      {"number", simple<is_any_number>},
      {"sequence", simple<is_sequence>},
      {"iterable", simple<is_iterable>},
      {"callable", simple<is_callable>},
      {"sameas", [](Interpreter&, const Value& v, const Arguments& a) { return v.same_as(operand(a)); }},
      {"escaped", simple<is_escaped>},
      {"in", [](Interpreter&, const Value& v, const Arguments& a) { return contains(operand(a), v); }},
      {"==", equal_test},
      {"eq", equal_test},
      {"equalto", equal_test},
      {"!=", unequal_test},
      {"ne", unequal_test},
      {">", greater_test},
      {"gt", greater_test},
      {"greaterthan", greater_test},
      {">=", greater_equal_test},
      {"ge", greater_equal_test},
      {"<", less_test},
      {"lt", less_test},
      {"lessthan", less_test},
      {"<=", less_equal_test},
      {"le", less_equal_test},
  };
  const auto it = kTests.find(name);
  return it == kTests.end() ? nullptr : it->second;
}

}  // namespace tessera::jinja
