#include <fmt/format.h>

#include <algorithm>

#include "core/jinja/limits.hpp"
#include "core/jinja/parser.hpp"
#include "core/jinja/parser_level.hpp"

namespace tessera::jinja {

bool Parser::skip_operator(std::string_view sign) {
  if (!at_operator(sign)) return false;
  next();
  return true;
}

bool Parser::skip_name(std::string_view name) {
  if (!current().is_name(name)) return false;
  next();
  return true;
}

void Parser::fail_at(Position position, std::string message) const {
  throw Failure(std::move(message), ErrorCode::kCorruptData, position);
}

void Parser::fail(std::string message) const {
  fail_at(current().position, std::move(message));
}

void Parser::expect_operator(std::string_view sign) {
  if (!skip_operator(sign)) fail(fmt::format("expected token '{}', got '{}'", sign, current().describe()));
}

std::string Parser::expect_name() {
  if (current().kind != TokenKind::kName)
    fail(fmt::format("expected token 'name', got '{}'", current().describe()));
  return next().text;
}

void Parser::expect(TokenKind kind) {
  if (current().kind == kind) {
    next();
    return;
  }
  Token wanted{kind, {}, {}, {}};
  fail(fmt::format("expected token '{}', got '{}'", wanted.describe(), current().describe()));
}

void Parser::fail_unknown_tag(const Token& tag) const {
  std::string message = fmt::format("Encountered unknown tag '{}'.", tag.text);
  if (!open_tags_.empty()) {
    message += fmt::format(" The innermost block that needs to be closed is '{}'.", open_tags_.back());
  }
  throw Failure(std::move(message), ErrorCode::kCorruptData, tag.position);
}

void Parser::fail_end() const {
  std::string message = "Unexpected end of template.";
  if (!awaited_.empty()) {
    std::string tags;
    for (const std::string_view tag : awaited_.back())
      tags += fmt::format("{}'{}'", tags.empty() ? "" : " or ", tag);
    message += fmt::format(" Jinja was looking for the following tags: {}.", tags);
  }
  if (!open_tags_.empty()) {
    message += fmt::format(" The innermost block that needs to be closed is '{}'.", open_tags_.back());
  }
  fail(std::move(message));
}

Body Parser::parse() {
  Body body;
  while (current().kind != TokenKind::kEnd) parse_data_or_tag(body);
  return body;
}

void Parser::parse_data_or_tag(Body& body) {
  const Position at = current().position;
  if (current().kind == TokenKind::kData) {
    body.push_back(std::make_unique<Data>(at, next().text));
  } else if (current().kind == TokenKind::kVariableBegin) {
    next();
    body.push_back(std::make_unique<Output>(at, parse_tuple()));
    expect(TokenKind::kVariableEnd);
  } else {
    next();
    body.push_back(parse_statement());
    expect(TokenKind::kBlockEnd);
  }
}

/// Up to the tag in `ends`, whose name is then the current token.
Body Parser::parse_body(const Names& ends) {
  const Level level(*this);
  awaited_.push_back(ends);
  Body body;
  for (;;) {
    if (current().kind == TokenKind::kEnd) fail_end();
    if (current().kind == TokenKind::kBlockBegin && look().kind == TokenKind::kName &&
        std::find(ends.begin(), ends.end(), look().text) != ends.end()) {
      next();
      break;
    }
    parse_data_or_tag(body);
  }
  awaited_.pop_back();
  return body;
}

Body Parser::parse_block_body(const Names& ends) {
  skip_operator(":");  // tolerated, as Jinja does
  expect(TokenKind::kBlockEnd);
  return parse_body(ends);
}

StatementPtr Parser::parse_statement() {
  if (current().kind != TokenKind::kName) fail("tag name expected");
  const Token tag = next();
  const Position at = tag.position;
  open_tags_.push_back(tag.text);
  StatementPtr statement;
  if (tag.text == "for") {
    statement = parse_for(at);
  } else if (tag.text == "if") {
    statement = parse_if(at);
  } else if (tag.text == "set") {
    statement = parse_set(at);
  } else if (tag.text == "with") {
    statement = parse_with(at);
  } else if (tag.text == "macro") {
    statement = parse_macro(at);
  } else if (tag.text == "call") {
    statement = parse_call_block(at);
  } else if (tag.text == "filter") {
    statement = parse_filter_block(at);
  } else if (tag.text == "generation") {
    statement = parse_generation(at);
  } else if (tag.text == "block") {
    statement = parse_block(at);
  } else if (tag.text == "autoescape") {
    statement = parse_autoescape(at);
  } else if (tag.text == "print") {
    statement = parse_print(at);
  } else if (tag.text == "break" || tag.text == "continue") {
    statement = parse_loop_control(at, tag.text == "break" ? Flow::kBreak : Flow::kContinue);
  } else if (tag.text == "extends" || tag.text == "include" || tag.text == "import" || tag.text == "from") {
    statement = parse_other_template(at, tag.text);
  } else {
    open_tags_.pop_back();
    fail_unknown_tag(tag);
  }
  open_tags_.pop_back();
  return statement;
}

Target Parser::parse_single_target(bool namespaces) {
  if (at_operator("(")) {
    next();
    Target target = parse_target(namespaces);
    expect_operator(")");
    return target;
  }
  Target target;
  target.position = current().position;
  target.name = expect_name();
  if (namespaces && skip_operator(".")) {
    target.attribute = expect_name();
    return target;
  }
  for (const std::string_view word : {"true", "false", "none", "True", "False", "None"}) {
    if (target.name == word) fail_at(target.position, "can't assign to 'const'");
  }
  return target;
}

Target Parser::parse_target(bool namespaces) {
  Target first = parse_single_target(namespaces);
  if (!at_operator(",")) return first;
  Target target;
  target.position = first.position;
  target.is_tuple = true;
  target.tuple.push_back(std::move(first));
  while (skip_operator(",")) {
    if (current().kind != TokenKind::kName && !at_operator("(")) break;
    if (current().is_name("in")) break;
    target.tuple.push_back(parse_single_target(namespaces));
  }
  return target;
}

StatementPtr Parser::parse_for(Position at) {
  auto loop = std::make_unique<For>(at);
  loop->target = parse_target(false);
  if (!skip_name("in")) fail(fmt::format("expected token 'in', got '{}'", current().describe()));
  loop->iterable = parse_tuple(false, "recursive");
  if (skip_name("if")) loop->condition = parse_expression();
  loop->recursive = skip_name("recursive");
  const int conditions = std::exchange(conditions_, 0);
  ++loops_;
  loop->body = parse_block_body({"endfor", "else"});
  --loops_;
  if (next().text == "else") {
    loop->otherwise = parse_block_body({"endfor"});
    next();
  }
  conditions_ = conditions;
  return loop;
}

StatementPtr Parser::parse_if(Position at) {
  auto statement = std::make_unique<If>(at);
  ++conditions_;
  for (;;) {
    ExpressionPtr condition = parse_tuple(false);
    Body body = parse_block_body({"elif", "else", "endif"});
    statement->branches.emplace_back(std::move(condition), std::move(body));
    const std::string tag = next().text;
    if (tag == "elif") continue;
    if (tag == "else") {
      statement->otherwise = parse_block_body({"endif"});
      next();
    }
    break;
  }
  --conditions_;
  return statement;
}

StatementPtr Parser::parse_set(Position at) {
  Target target = parse_target(true);
  if (skip_operator("=")) {
    auto statement = std::make_unique<Set>(at);
    statement->target = std::move(target);
    statement->value = parse_tuple();
    return statement;
  }
  auto statement = std::make_unique<SetBlock>(at);
  statement->target = std::move(target);
  if (at_operator("|")) statement->filter = parse_filter_chain(nullptr);
  statement->body = parse_block_body({"endset"});
  next();
  return statement;
}

StatementPtr Parser::parse_with(Position at) {
  auto statement = std::make_unique<With>(at);
  while (current().kind != TokenKind::kBlockEnd) {
    if (!statement->variables.empty()) expect_operator(",");
    Target target = parse_target(false);
    expect_operator("=");
    statement->variables.emplace_back(std::move(target), parse_expression());
  }
  statement->body = parse_block_body({"endwith"});
  next();
  return statement;
}

void Parser::parse_parameters(MacroBody& macro) {
  expect_operator("(");
  while (!at_operator(")")) {
    if (!macro.parameters.empty()) expect_operator(",");
    const Position at = current().position;
    std::string name = expect_name();
    ExpressionPtr otherwise;
    if (skip_operator("=")) {
      otherwise = parse_expression();
    } else if (!macro.parameters.empty() && macro.parameters.back().second) {
      fail_at(at, "non-default argument follows default argument");
    }
    macro.parameters.emplace_back(std::move(name), std::move(otherwise));
  }
  expect_operator(")");
}

StatementPtr Parser::parse_macro(Position at) {
  auto statement = std::make_unique<Macro>(at);
  MacroBody& macro = statement->macro;
  macro.name = expect_name();
  const MacroLevel level(macros_, loops_, conditions_, macro);
  parse_parameters(macro);
  macro.body = parse_block_body({"endmacro"});
  next();
  return statement;
}

StatementPtr Parser::parse_call_block(Position at) {
  auto statement = std::make_unique<CallBlock>(at);
  if (at_operator("(")) parse_parameters(statement->caller);
  const Position call_at = current().position;
  ExpressionPtr expression = parse_expression();
  if (dynamic_cast<Call*>(expression.get()) == nullptr) fail_at(call_at, "expected call");
  statement->call.reset(static_cast<Call*>(expression.release()));
  const MacroLevel level(macros_, loops_, conditions_, statement->caller);
  statement->caller.body = parse_block_body({"endcall"});
  next();
  return statement;
}

StatementPtr Parser::parse_filter_block(Position at) {
  auto statement = std::make_unique<FilterBlock>(at);
  statement->filter = parse_filter(nullptr);
  if (at_operator("|")) statement->filter = parse_filter_chain(std::move(statement->filter));
  statement->body = parse_block_body({"endfilter"});
  next();
  return statement;
}

StatementPtr Parser::parse_generation(Position at) {
  auto statement = std::make_unique<Generation>(at);
  const int loops = std::exchange(loops_, 0);  // its body is a function of its own: no break out of it
  statement->body = parse_block_body({"endgeneration"});
  loops_ = loops;
  next();
  return statement;
}

StatementPtr Parser::parse_block(Position at) {
  auto statement = std::make_unique<Block>(at);
  const std::string name = expect_name();
  statement->scoped = skip_name("scoped");
  skip_name("required");
  const int loops = std::exchange(loops_, 0);
  statement->body = parse_block_body({"endblock"});
  loops_ = loops;
  next();
  skip_name(name);
  return statement;
}

StatementPtr Parser::parse_autoescape(Position at) {
  const ExpressionPtr mode = parse_expression();
  const auto* constant = dynamic_cast<const Constant*>(mode.get());
  if (!constant || !constant->value.is(Kind::kBool) || constant->value.boolean()) {
    throw Failure("autoescape that may be on is not implemented", ErrorCode::kNotSupported, at);
  }
  auto statement = std::make_unique<With>(at);
  statement->body = parse_block_body({"endautoescape"});
  next();
  return statement;
}

StatementPtr Parser::parse_print(Position at) {
  auto statement = std::make_unique<If>(at);
  while (current().kind != TokenKind::kBlockEnd) {
    if (!statement->otherwise.empty()) expect_operator(",");
    const Position here = current().position;
    statement->otherwise.push_back(std::make_unique<Output>(here, parse_expression()));
  }
  return statement;
}

StatementPtr Parser::parse_loop_control(Position at, Flow flow) {
  if (loops_ == 0) {
    fail_at(at, flow == Flow::kBreak ? "'break' outside loop" : "'continue' not properly in loop");
  }
  return std::make_unique<LoopControl>(at, flow);
}

StatementPtr Parser::parse_other_template(Position at, const std::string& tag) {
  while (current().kind != TokenKind::kBlockEnd && current().kind != TokenKind::kEnd) next();
  return std::make_unique<NotSupported>(at,
                                        fmt::format("the tag '{}' (a chat template is one file): it", tag));
}

}  // namespace tessera::jinja
