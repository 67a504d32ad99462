/// Template text -> tokens, as Jinja's lexer with trim_blocks and lstrip_blocks on (what Hugging Face sets):
/// white space beside tags is already taken off the data tokens.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/jinja/failure.hpp"
#include "core/jinja/value.hpp"

namespace tessera::jinja {

enum class TokenKind {
  kData,
  kVariableBegin,
  kVariableEnd,
  kBlockBegin,
  kBlockEnd,
  kName,
  kString,
  kNumber,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind;
  std::string text;  ///< data, name, content of a string (escapes resolved), or the operator
  Value number;      ///< of kNumber
  Position position;

  bool is(TokenKind k, std::string_view t) const { return kind == k && text == t; }
  bool is_name(std::string_view name) const { return is(TokenKind::kName, name); }
  bool is_operator(std::string_view sign) const { return is(TokenKind::kOperator, sign); }
  /// For messages: "end of statement block", "'endif'".
  std::string describe() const;
};

/// `source` is valid UTF-8. The last token is kEnd. Throws Failure with position.
std::vector<Token> tokenize(std::string_view source);

}  // namespace tessera::jinja
