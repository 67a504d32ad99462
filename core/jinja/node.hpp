/// The syntax tree. A node evaluates itself: the meaning of a construct stands in one place (expressions.cpp,
/// statements.cpp).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/jinja/failure.hpp"
#include "core/jinja/value.hpp"

namespace tessera::jinja {

class Interpreter;

struct Expression {
  explicit Expression(Position at) : position(at) {}
  virtual ~Expression() = default;
  /// Called through Interpreter::evaluate alone, which counts steps and knows the position of a failure.
  virtual Value evaluate(Interpreter& interpreter) const = 0;
  Position position;
};
using ExpressionPtr = std::unique_ptr<Expression>;

/// Where a statement goes on.
enum class Flow { kNext, kBreak, kContinue };

struct Statement {
  explicit Statement(Position at) : position(at) {}
  virtual ~Statement() = default;
  virtual Flow execute(Interpreter& interpreter) const = 0;
  Position position;
};
using StatementPtr = std::unique_ptr<Statement>;
using Body = std::vector<StatementPtr>;

/// What an assignment assigns to: a name, an attribute of a namespace, or a tuple of such.
struct Target {
  Position position;
  std::string name;
  std::string attribute;      ///< of the namespace `name`; empty: the name itself
  std::vector<Target> tuple;  ///< not empty: unpacks, and `name` means nothing
  bool is_tuple = false;
};

struct CallArguments {
  std::vector<ExpressionPtr> positional;
  std::vector<std::pair<std::string, ExpressionPtr>> named;
  ExpressionPtr more_positional;  ///< *args; null: none
  ExpressionPtr more_named;       ///< **kwargs; null: none
};

// Expressions.

struct Constant : Expression {
  Constant(Position at, Value v) : Expression(at), value(std::move(v)) {}
  Value evaluate(Interpreter&) const override { return value; }
  Value value;
};

struct Name : Expression {
  Name(Position at, std::string n) : Expression(at), name(std::move(n)) {}
  Value evaluate(Interpreter& interpreter) const override;
  std::string name;
};

struct ListLiteral : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  std::vector<ExpressionPtr> items;
  bool is_tuple = false;
};

struct DictLiteral : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  std::vector<std::pair<ExpressionPtr, ExpressionPtr>> entries;
};

struct Attribute : Expression {
  Attribute(Position at, ExpressionPtr o, std::string n)
      : Expression(at), object(std::move(o)), name(std::move(n)) {}
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr object;
  std::string name;
};

struct Item : Expression {
  Item(Position at, ExpressionPtr o, ExpressionPtr k)
      : Expression(at), object(std::move(o)), key(std::move(k)) {}
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr object, key;
};

/// object[start:stop:step]; null: not given.
struct Slice : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr object, start, stop, step;
};

struct Call : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr function;
  CallArguments arguments;
};

struct Filter : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr input;  ///< null: the text of the block that is filtered
  std::string name;
  CallArguments arguments;
};

struct Test : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr input;
  std::string name;
  CallArguments arguments;
  bool negated = false;
};

struct Unary : Expression {
  Unary(Position at, std::string o, ExpressionPtr e)
      : Expression(at), sign(std::move(o)), operand(std::move(e)) {}
  Value evaluate(Interpreter& interpreter) const override;
  std::string sign;  ///< "not", "-", "+"
  ExpressionPtr operand;
};

struct Binary : Expression {
  Binary(Position at, std::string o, ExpressionPtr a, ExpressionPtr b);
  Value evaluate(Interpreter& interpreter) const override;
  std::string sign;
  ExpressionPtr left, right;
  Value (*compute)(const Value&, const Value&);  ///< of arithmetic; null for "and" and "or"
};

/// a ~ b ~ c
struct Concatenation : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  std::vector<ExpressionPtr> parts;
};

/// a < b <= c: each neighbour pair must hold.
struct Comparison : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr first;
  std::vector<std::pair<std::string, ExpressionPtr>> rest;
};

struct Conditional : Expression {
  using Expression::Expression;
  Value evaluate(Interpreter& interpreter) const override;
  ExpressionPtr condition, when_true, when_false;  ///< `when_false` null: undefined
};

// Statements.

struct Data : Statement {
  Data(Position at, std::string t) : Statement(at), text(std::move(t)) {}
  Flow execute(Interpreter& interpreter) const override;
  std::string text;
};

struct Output : Statement {
  Output(Position at, ExpressionPtr e) : Statement(at), expression(std::move(e)) {}
  Flow execute(Interpreter& interpreter) const override;
  ExpressionPtr expression;
};

struct If : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  std::vector<std::pair<ExpressionPtr, Body>> branches;
  Body otherwise;
};

struct For : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  Target target;
  ExpressionPtr iterable, condition;  ///< `condition` null: all elements
  Body body, otherwise;
  bool recursive = false;
};

struct Set : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  Target target;
  ExpressionPtr value;
};

/// {% set x %} ... {% endset %}
struct SetBlock : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  Target target;
  ExpressionPtr filter;  ///< null: the text itself
  Body body;
};

struct FilterBlock : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  ExpressionPtr filter;
  Body body;
};

struct With : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  std::vector<std::pair<Target, ExpressionPtr>> variables;
  Body body;
};

/// A macro, or the body of a call block.
struct MacroBody {
  std::string name;                                               ///< empty: the body of a call block
  std::vector<std::pair<std::string, ExpressionPtr>> parameters;  ///< default null: none
  Body body;
  // Which special names the body uses; only then may a call give more arguments than there are parameters.
  bool uses_caller = false, uses_varargs = false, uses_kwargs = false;
};

struct Macro : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  MacroBody macro;
};

struct CallBlock : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  std::unique_ptr<Call> call;
  MacroBody caller;
};

/// {% generation %}: what the assistant wrote; Hugging Face's extension. Its span is recorded.
struct Generation : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  Body body;
};

/// {% block %} without inheritance: its body, which sees the top level's variables.
struct Block : Statement {
  using Statement::Statement;
  Flow execute(Interpreter& interpreter) const override;
  Body body;
  bool scoped = false;
};

struct LoopControl : Statement {
  LoopControl(Position at, Flow f) : Statement(at), flow(f) {}
  Flow execute(Interpreter&) const override { return flow; }
  Flow flow;
};

/// What fails when it is reached: tags that need other templates.
struct NotSupported : Statement {
  NotSupported(Position at, std::string w) : Statement(at), what(std::move(w)) {}
  Flow execute(Interpreter&) const override { throw not_supported(what); }
  std::string what;
};

}  // namespace tessera::jinja
