/// Tokens -> syntax tree: Jinja's grammar with the extensions that Hugging Face turns on (break, continue,
/// generation).
#pragma once

#include <set>
#include <string_view>
#include <vector>

#include "core/jinja/lexer.hpp"
#include "core/jinja/node.hpp"

namespace tessera::jinja {

class Parser {
 public:
  explicit Parser(std::vector<Token> tokens) : tokens_(std::move(tokens)) {}

  /// The whole template. Throws Failure with position.
  Body parse();

 private:
  using Names = std::vector<std::string_view>;

  // Tokens.
  const Token& current() const { return tokens_[at_]; }
  const Token& look() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  Token next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool at_operator(std::string_view sign) const { return current().is_operator(sign); }
  bool skip_operator(std::string_view sign);
  bool skip_name(std::string_view name);
  void expect_operator(std::string_view sign);
  std::string expect_name();
  void expect(TokenKind kind);
  [[noreturn]] void fail(std::string message) const;
  [[noreturn]] void fail_at(Position position, std::string message) const;
  [[noreturn]] void fail_unknown_tag(const Token& tag) const;
  [[noreturn]] void fail_end() const;

  // Statements (parser_statements.cpp).
  Body parse_body(const Names& ends);
  Body parse_block_body(const Names& ends);  ///< from the close of the opening tag to the tag in `ends`
  void parse_data_or_tag(Body& body);
  StatementPtr parse_statement();
  StatementPtr parse_for(Position at);
  StatementPtr parse_if(Position at);
  StatementPtr parse_set(Position at);
  StatementPtr parse_with(Position at);
  StatementPtr parse_macro(Position at);
  StatementPtr parse_call_block(Position at);
  StatementPtr parse_filter_block(Position at);
  StatementPtr parse_generation(Position at);
  StatementPtr parse_block(Position at);
  StatementPtr parse_autoescape(Position at);
  StatementPtr parse_print(Position at);
  StatementPtr parse_loop_control(Position at, Flow flow);
  StatementPtr parse_other_template(Position at, const std::string& tag);
  void parse_parameters(MacroBody& macro);
  Target parse_target(bool namespaces);
  Target parse_single_target(bool namespaces);

  // Expressions (parser_expressions.cpp), in the order of precedence.
  ExpressionPtr parse_expression(bool conditional = true);
  ExpressionPtr parse_conditional();
  ExpressionPtr parse_or();
  ExpressionPtr parse_and();
  ExpressionPtr parse_not();
  ExpressionPtr parse_comparison();
  ExpressionPtr parse_sum();
  ExpressionPtr parse_concatenation();
  ExpressionPtr parse_product();
  ExpressionPtr parse_power();
  ExpressionPtr parse_unary(bool filters = true);
  ExpressionPtr parse_primary();
  ExpressionPtr parse_postfix(ExpressionPtr expression);
  ExpressionPtr parse_filters_and_tests(ExpressionPtr expression);
  ExpressionPtr parse_subscript(ExpressionPtr object);
  ExpressionPtr parse_index(ExpressionPtr object, Position at);
  ExpressionPtr parse_call(ExpressionPtr function);
  ExpressionPtr parse_filter(ExpressionPtr input);
  ExpressionPtr parse_filter_chain(ExpressionPtr input);
  ExpressionPtr parse_test(ExpressionPtr input);
  ExpressionPtr parse_list();
  ExpressionPtr parse_dict();
  CallArguments parse_arguments();
  /// Expressions with commas between: a tuple, or the one expression. Ends before `end_name`, if not empty.
  ExpressionPtr parse_tuple(bool conditional = true, std::string_view end_name = {},
                            bool parentheses = false);
  bool at_tuple_end(std::string_view end_name) const;
  void check_known(bool known, std::string_view kind, const std::string& name, Position at) const;
  void note_special_name(const std::string& name);

  /// One level of nesting, counted.
  class Level;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  uint32_t nesting_ = 0;
  std::vector<MacroBody*> macros_;      // around what is being parsed, innermost last
  std::vector<std::string> open_tags_;  // for messages
  std::vector<Names> awaited_;          // tags that may end the open ones
  int loops_ = 0;                       // around what is being parsed, within the innermost macro
  int conditions_ = 0;  // around what is being parsed: there, an unknown filter fails only when it is reached
};

}  // namespace tessera::jinja
