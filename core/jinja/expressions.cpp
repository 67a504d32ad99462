#include <fmt/format.h>

#include <map>

#include "core/jinja/interpreter.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/node.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/subscript.hpp"

namespace tessera::jinja {
namespace {

using Operator = Value (*)(const Value&, const Value&);

Operator operator_of(const std::string& sign) {
  static const std::map<std::string, Operator> kOperators{
      {"+", add},           {"-", subtract}, {"*", multiply}, {"/", divide},
      {"//", floor_divide}, {"%", modulo},   {"**", power}};
  const auto it = kOperators.find(sign);
  return it == kOperators.end() ? nullptr : it->second;
}

bool compare(const std::string& sign, const Value& a, const Value& b) {
  if (sign == "==") return equals(a, b);
  if (sign == "!=") return !equals(a, b);
  if (sign == "in") return contains(b, a);
  if (sign == "not in") return !contains(b, a);
  return compare_order(sign, a, b);
}

}  // namespace

Binary::Binary(Position at, std::string o, ExpressionPtr a, ExpressionPtr b)
    : Expression(at),
      sign(std::move(o)),
      left(std::move(a)),
      right(std::move(b)),
      compute(operator_of(sign)) {}

Value Name::evaluate(Interpreter& interpreter) const {
  return interpreter.lookup(name);
}

Value ListLiteral::evaluate(Interpreter& interpreter) const {
  std::vector<Value> values;
  for (const ExpressionPtr& item : items) values.push_back(interpreter.evaluate(*item));
  return is_tuple ? Value::tuple(std::move(values)) : Value::list(std::move(values));
}

Value DictLiteral::evaluate(Interpreter& interpreter) const {
  std::vector<std::pair<Value, Value>> values;
  for (const auto& [key, value] : entries) {
    Value k = interpreter.evaluate(*key);
    values.emplace_back(std::move(k), interpreter.evaluate(*value));
  }
  return Value::dict(std::move(values));
}

Value Attribute::evaluate(Interpreter& interpreter) const {
  return get_attribute(interpreter.evaluate(*object), name);
}

Value Item::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*object);
  return get_item(value, interpreter.evaluate(*key));
}

Value Slice::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*object);
  const auto bound = [&](const ExpressionPtr& expression) {
    return expression ? interpreter.evaluate(*expression) : Value();
  };
  const Value first = bound(start), last = bound(stop);
  return get_slice(value, first, last, bound(step));
}

Value Call::evaluate(Interpreter& interpreter) const {
  const Value callee = interpreter.evaluate(*function);
  return interpreter.call(callee, interpreter.evaluate(arguments));
}

Value Filter::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*input);
  return interpreter.apply_filter(name, value, interpreter.evaluate(arguments));
}

Value Test::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*input);
  return interpreter.apply_test(name, value, interpreter.evaluate(arguments)) != negated;
}

Value Unary::evaluate(Interpreter& interpreter) const {
  const Value value = interpreter.evaluate(*operand);
  if (sign == "not") return !truthy(value);
  return sign == "-" ? negate(value) : plus(value);
}

Value Binary::evaluate(Interpreter& interpreter) const {
  Value a = interpreter.evaluate(*left);
  if (compute) return compute(a, interpreter.evaluate(*right));
  return truthy(a) == (sign == "or") ? a : interpreter.evaluate(*right);
}

Value Concatenation::evaluate(Interpreter& interpreter) const {
  std::string text;
  for (const ExpressionPtr& part : parts) {
    text += to_text(interpreter.evaluate(*part));
    check_size(text.size(), 1);
  }
  return text;
}

Value Comparison::evaluate(Interpreter& interpreter) const {
  Value left = interpreter.evaluate(*first);
  for (const auto& [sign, expression] : rest) {
    Value right = interpreter.evaluate(*expression);
    if (!compare(sign, left, right)) return false;
    left = std::move(right);
  }
  return true;
}

Value Conditional::evaluate(Interpreter& interpreter) const {
  if (truthy(interpreter.evaluate(*condition))) return interpreter.evaluate(*when_true);
  if (when_false) return interpreter.evaluate(*when_false);
  return Value::undefined(
      fmt::format("the inline if-expression on line {} evaluated to false and no else section was defined.",
                  position.line));
}

}  // namespace tessera::jinja
