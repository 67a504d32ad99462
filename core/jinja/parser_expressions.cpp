#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/jinja/filters.hpp"
#include "core/jinja/parser.hpp"
#include "core/jinja/parser_level.hpp"
#include "core/jinja/predicates.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera::jinja {
namespace {

bool is_comparison(const Token& token) {
  constexpr std::array<std::string_view, 6> kSigns{"==", "!=", "<", "<=", ">", ">="};
  return token.kind == TokenKind::kOperator &&
         std::find(kSigns.begin(), kSigns.end(), token.text) != kSigns.end();
}

}  // namespace

ExpressionPtr Parser::parse_expression(bool conditional) {
  const Level level(*this);
  return conditional ? parse_conditional() : parse_or();
}

ExpressionPtr Parser::parse_conditional() {
  Position at = current().position;
  ExpressionPtr value = parse_or();
  while (skip_name("if")) {
    auto node = std::make_unique<Conditional>(at);
    ++conditions_;
    node->condition = parse_or();
    node->when_true = std::move(value);
    if (skip_name("else")) {
      const Level level(*this);
      node->when_false = parse_conditional();
    }
    --conditions_;
    value = std::move(node);
    at = current().position;
  }
  return value;
}

ExpressionPtr Parser::parse_or() {
  ExpressionPtr left = parse_and();
  while (current().is_name("or")) {
    const Position at = next().position;
    left = std::make_unique<Binary>(at, "or", std::move(left), parse_and());
  }
  return left;
}

ExpressionPtr Parser::parse_and() {
  ExpressionPtr left = parse_not();
  while (current().is_name("and")) {
    const Position at = next().position;
    left = std::make_unique<Binary>(at, "and", std::move(left), parse_not());
  }
  return left;
}

ExpressionPtr Parser::parse_not() {
  if (!current().is_name("not")) return parse_comparison();
  const Level level(*this);
  const Position at = next().position;
  return std::make_unique<Unary>(at, "not", parse_not());
}

ExpressionPtr Parser::parse_comparison() {
  const Position at = current().position;
  ExpressionPtr first = parse_sum();
  std::vector<std::pair<std::string, ExpressionPtr>> rest;
  for (;;) {
    if (is_comparison(current())) {
      std::string sign = next().text;
      rest.emplace_back(std::move(sign), parse_sum());
    } else if (skip_name("in")) {
      rest.emplace_back("in", parse_sum());
    } else if (current().is_name("not") && look().is_name("in")) {
      next();
      next();
      rest.emplace_back("not in", parse_sum());
    } else {
      break;
    }
  }
  if (rest.empty()) return first;
  auto node = std::make_unique<Comparison>(at);
  node->first = std::move(first);
  node->rest = std::move(rest);
  return node;
}

ExpressionPtr Parser::parse_sum() {
  ExpressionPtr left = parse_concatenation();
  while (at_operator("+") || at_operator("-")) {
    const Token sign = next();
    left = std::make_unique<Binary>(sign.position, sign.text, std::move(left), parse_concatenation());
  }
  return left;
}

ExpressionPtr Parser::parse_concatenation() {
  const Position at = current().position;
  ExpressionPtr first = parse_product();
  if (!at_operator("~")) return first;
  auto node = std::make_unique<Concatenation>(at);
  node->parts.push_back(std::move(first));
  while (skip_operator("~")) node->parts.push_back(parse_product());
  return node;
}

ExpressionPtr Parser::parse_product() {
  ExpressionPtr left = parse_power();
  while (at_operator("*") || at_operator("/") || at_operator("//") || at_operator("%")) {
    const Token sign = next();
    left = std::make_unique<Binary>(sign.position, sign.text, std::move(left), parse_power());
  }
  return left;
}

ExpressionPtr Parser::parse_power() {
  ExpressionPtr left = parse_unary();
  while (at_operator("**")) {
    const Position at = next().position;
    left = std::make_unique<Binary>(at, "**", std::move(left), parse_unary());
  }
  return left;
}

ExpressionPtr Parser::parse_unary(bool filters) {
  ExpressionPtr node;
  if (at_operator("-") || at_operator("+")) {
    const Level level(*this);
    const Token sign = next();
    node = std::make_unique<Unary>(sign.position, sign.text, parse_unary(false));
  } else {
    node = parse_primary();
  }
  node = parse_postfix(std::move(node));
  return filters ? parse_filters_and_tests(std::move(node)) : std::move(node);
}

void Parser::note_special_name(const std::string& name) {
  for (MacroBody* macro : macros_) {
    macro->uses_caller |= name == "caller";
    macro->uses_varargs |= name == "varargs";
    macro->uses_kwargs |= name == "kwargs";
  }
}

ExpressionPtr Parser::parse_primary() {
  const Token token = current();
  const Position at = token.position;
  if (token.kind == TokenKind::kName) {
    next();
    if (token.text == "true" || token.text == "True") return std::make_unique<Constant>(at, true);
    if (token.text == "false" || token.text == "False") return std::make_unique<Constant>(at, false);
    if (token.text == "none" || token.text == "None") return std::make_unique<Constant>(at, None{});
    note_special_name(token.text);
    return std::make_unique<Name>(at, token.text);
  }
  if (token.kind == TokenKind::kString) {
    std::string text;
    while (current().kind == TokenKind::kString) text += next().text;
    return std::make_unique<Constant>(at, std::move(text));
  }
  if (token.kind == TokenKind::kNumber) return std::make_unique<Constant>(at, next().number);
  if (at_operator("[")) return parse_list();
  if (at_operator("{")) return parse_dict();
  if (skip_operator("(")) {
    ExpressionPtr node = parse_tuple(true, {}, true);
    expect_operator(")");
    return node;
  }
  fail(fmt::format("unexpected '{}'", token.describe()));
}

bool Parser::at_tuple_end(std::string_view end_name) const {
  const TokenKind kind = current().kind;
  return kind == TokenKind::kVariableEnd || kind == TokenKind::kBlockEnd || kind == TokenKind::kEnd ||
         at_operator(")") || (!end_name.empty() && current().is_name(end_name));
}

ExpressionPtr Parser::parse_tuple(bool conditional, std::string_view end_name, bool parentheses) {
  auto tuple = std::make_unique<ListLiteral>(current().position);
  tuple->is_tuple = true;
  bool is_tuple = false;
  while (!at_tuple_end(end_name)) {
    tuple->items.push_back(parse_expression(conditional));
    if (!skip_operator(",")) break;
    is_tuple = true;
  }
  if (is_tuple) return tuple;
  if (!tuple->items.empty()) return std::move(tuple->items.front());
  if (!parentheses) fail(fmt::format("Expected an expression, got '{}'", current().describe()));
  return tuple;
}

ExpressionPtr Parser::parse_list() {
  auto list = std::make_unique<ListLiteral>(next().position);
  while (!at_operator("]")) {
    if (!list->items.empty()) expect_operator(",");
    if (at_operator("]")) break;
    list->items.push_back(parse_expression());
  }
  expect_operator("]");
  return list;
}

ExpressionPtr Parser::parse_dict() {
  auto dict = std::make_unique<DictLiteral>(next().position);
  while (!at_operator("}")) {
    if (!dict->entries.empty()) expect_operator(",");
    if (at_operator("}")) break;
    ExpressionPtr key = parse_expression();
    expect_operator(":");
    dict->entries.emplace_back(std::move(key), parse_expression());
  }
  expect_operator("}");
  return dict;
}

ExpressionPtr Parser::parse_postfix(ExpressionPtr node) {
  for (;;) {
    if (at_operator(".") || at_operator("[")) {
      node = parse_subscript(std::move(node));
    } else if (at_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr Parser::parse_filters_and_tests(ExpressionPtr node) {
  for (;;) {
    if (at_operator("|")) {
      node = parse_filter_chain(std::move(node));
    } else if (current().is_name("is")) {
      node = parse_test(std::move(node));
    } else if (at_operator("(")) {
      node = parse_call(std::move(node));
    } else {
      return node;
    }
  }
}

ExpressionPtr Parser::parse_subscript(ExpressionPtr object) {
  const Token sign = next();
  if (sign.text == "[") return parse_index(std::move(object), sign.position);
  if (current().kind == TokenKind::kName) {
    return std::make_unique<Attribute>(sign.position, std::move(object), next().text);
  }
  if (current().kind != TokenKind::kNumber || !current().number.is(Kind::kInt))
    fail("expected name or number");
  auto key = std::make_unique<Constant>(current().position, current().number);
  next();
  return std::make_unique<Item>(sign.position, std::move(object), std::move(key));
}

ExpressionPtr Parser::parse_index(ExpressionPtr object, Position at) {
  const auto at_end = [this] { return at_operator("]") || at_operator(":") || at_operator(","); };
  ExpressionPtr start = at_end() ? nullptr : parse_expression();
  if (!at_operator(":")) {
    if (!start) fail(fmt::format("unexpected '{}'", current().describe()));
    if (at_operator(",")) {
      auto tuple = std::make_unique<ListLiteral>(at);
      tuple->is_tuple = true;
      tuple->items.push_back(std::move(start));
      while (skip_operator(",")) {
        if (!at_operator("]")) tuple->items.push_back(parse_expression());
      }
      start = std::move(tuple);
    }
    expect_operator("]");
    return std::make_unique<Item>(at, std::move(object), std::move(start));
  }
  auto slice = std::make_unique<Slice>(at);
  slice->object = std::move(object);
  slice->start = std::move(start);
  expect_operator(":");
  if (!at_end()) slice->stop = parse_expression();
  if (skip_operator(":") && !at_end()) slice->step = parse_expression();
  expect_operator("]");
  return slice;
}

CallArguments Parser::parse_arguments() {
  const Position at = current().position;
  expect_operator("(");
  CallArguments arguments;
  const auto ensure = [&](bool valid) {
    if (!valid) fail_at(at, "invalid syntax for function call expression");
  };
  for (bool first = true; !at_operator(")"); first = false) {
    if (!first) {
      expect_operator(",");
      if (at_operator(")")) break;
    }
    if (skip_operator("*")) {
      ensure(!arguments.more_positional && !arguments.more_named);
      arguments.more_positional = parse_expression();
    } else if (skip_operator("**")) {
      ensure(!arguments.more_named);
      arguments.more_named = parse_expression();
    } else if (current().kind == TokenKind::kName && look().is_operator("=")) {
      ensure(!arguments.more_named);
      std::string name = next().text;
      next();
      arguments.named.emplace_back(std::move(name), parse_expression());
    } else {
      ensure(!arguments.more_positional && !arguments.more_named && arguments.named.empty());
      arguments.positional.push_back(parse_expression());
    }
  }
  expect_operator(")");
  return arguments;
}

ExpressionPtr Parser::parse_call(ExpressionPtr function) {
  auto call = std::make_unique<Call>(current().position);
  call->function = std::move(function);
  call->arguments = parse_arguments();
  return call;
}

void Parser::check_known(bool known, std::string_view kind, const std::string& name, Position at) const {
  if (known || conditions_ > 0) return;  // within a condition it fails when it is reached, as in Jinja
  throw Failure(fmt::format("No {} named '{}'", kind, name), ErrorCode::kNotSupported, at);
}

ExpressionPtr Parser::parse_filter_chain(ExpressionPtr input) {
  while (skip_operator("|")) input = parse_filter(std::move(input));
  return input;
}

ExpressionPtr Parser::parse_filter(ExpressionPtr input) {
  auto filter = std::make_unique<Filter>(current().position);
  filter->input = std::move(input);
  filter->name = expect_name();
  while (skip_operator(".")) filter->name += "." + expect_name();
  if (at_operator("(")) filter->arguments = parse_arguments();
  check_known(find_filter(filter->name) != nullptr, "filter", filter->name, filter->position);
  return filter;
}

ExpressionPtr Parser::parse_test(ExpressionPtr input) {
  auto test = std::make_unique<Test>(next().position);
  test->input = std::move(input);
  test->negated = skip_name("not");
  const Position at = current().position;
  test->name = expect_name();
  while (skip_operator(".")) test->name += "." + expect_name();
  const TokenKind kind = current().kind;
  const bool word = kind == TokenKind::kName && !current().is_name("else") && !current().is_name("or") &&
                    !current().is_name("and");
  if (at_operator("(")) {
    test->arguments = parse_arguments();
  } else if (word || kind == TokenKind::kString || kind == TokenKind::kNumber || at_operator("[") ||
             at_operator("{")) {
    if (current().is_name("is")) fail("You cannot chain multiple tests with is");
    test->arguments.positional.push_back(parse_postfix(parse_primary()));
  }
  check_known(find_test(test->name) != nullptr, "test", test->name, at);
  return test;
}

}  // namespace tessera::jinja
