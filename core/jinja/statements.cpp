#include <fmt/format.h>

#include "core/jinja/interpreter.hpp"
#include "core/jinja/node.hpp"
#include "core/jinja/objects.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"

namespace tessera::jinja {
namespace {

/// The elements of a loop: all, or those for which its condition holds, found when they are asked for.
LoopObject::Source loop_source(Interpreter& interpreter, const For& loop, const Value& iterable,
                               Scope* scope) {
  auto next = iterate(iterable);
  if (!loop.condition) return next;
  return [&interpreter, &loop, scope, next]() -> std::optional<Value> {
    while (auto value = next()) {
      const Interpreter::Inner inner(interpreter, scope);
      interpreter.assign(loop.target, *value);
      if (truthy(interpreter.evaluate(*loop.condition))) return value;
    }
    return std::nullopt;
  };
}

void run_loop(Interpreter& interpreter, const For& statement, const Value& iterable, int64_t depth) {
  Scope* const outer = &interpreter.scope();
  std::function<Value(const Value&)> recurse;
  if (statement.recursive) {
    recurse = [&interpreter, &statement, depth, outer](const Value& inner_iterable) -> Value {
      const Interpreter::Inner inner(interpreter, outer);
      std::string before = std::exchange(interpreter.output(), {});
      run_loop(interpreter, statement, inner_iterable, depth + 1);
      return std::exchange(interpreter.output(), std::move(before));
    };
  }
  const auto loop =
      std::make_shared<LoopObject>(loop_source(interpreter, statement, iterable, outer), depth, recurse);
  bool any = false;
  while (loop->advance()) {
    any = true;
    interpreter.count_step();
    const Interpreter::Inner inner(interpreter);
    interpreter.scope().set("loop", Value(std::static_pointer_cast<Object>(loop)));
    interpreter.assign(statement.target, loop->current());
    if (interpreter.execute(statement.body) == Flow::kBreak) break;
  }
  if (any) return;
  const Interpreter::Inner inner(interpreter);
  interpreter.execute(statement.otherwise);
}

/// The value of a filter chain whose innermost input is `text`.
Value filtered(Interpreter& interpreter, const Expression& chain, const std::string& text) {
  const auto& filter = static_cast<const Filter&>(chain);
  const Value input = filter.input ? filtered(interpreter, *filter.input, text) : Value(text);
  return interpreter.apply_filter(filter.name, input, interpreter.evaluate(filter.arguments));
}

}  // namespace

Flow Data::execute(Interpreter& interpreter) const {
  interpreter.write(text);
  return Flow::kNext;
}

Flow Output::execute(Interpreter& interpreter) const {
  interpreter.write(to_text(interpreter.evaluate(*expression)));
  return Flow::kNext;
}

Flow If::execute(Interpreter& interpreter) const {
  for (const auto& [condition, body] : branches) {
    if (truthy(interpreter.evaluate(*condition))) return interpreter.execute(body);
  }
  return interpreter.execute(otherwise);
}

Flow For::execute(Interpreter& interpreter) const {
  run_loop(interpreter, *this, interpreter.evaluate(*iterable), 0);
  return Flow::kNext;
}

Flow Set::execute(Interpreter& interpreter) const {
  interpreter.assign(target, interpreter.evaluate(*value));
  return Flow::kNext;
}

Flow SetBlock::execute(Interpreter& interpreter) const {
  const std::string text = interpreter.captured(body);
  interpreter.assign(target, filter ? filtered(interpreter, *filter, text) : Value(text));
  return Flow::kNext;
}

Flow FilterBlock::execute(Interpreter& interpreter) const {
  const std::string text = interpreter.captured(body);
  interpreter.write(to_text(filtered(interpreter, *filter, text)));
  return Flow::kNext;
}

Flow With::execute(Interpreter& interpreter) const {
  std::vector<Value> values;
  for (const auto& [target, expression] : variables) values.push_back(interpreter.evaluate(*expression));
  const Interpreter::Inner inner(interpreter);
  for (size_t i = 0; i < values.size(); ++i) interpreter.assign(variables[i].first, values[i]);
  return interpreter.execute(body);
}

Flow Macro::execute(Interpreter& interpreter) const {
  Scope& scope = interpreter.scope();
  scope.set(macro.name, Value(std::make_shared<MacroObject>(interpreter, macro, &scope)));
  return Flow::kNext;
}

Flow CallBlock::execute(Interpreter& interpreter) const {
  const Value function = interpreter.evaluate(*call->function);
  Arguments arguments = interpreter.evaluate(call->arguments);
  arguments.named.emplace_back(
      "caller", Value(std::make_shared<MacroObject>(interpreter, caller, &interpreter.scope())));
  interpreter.write(to_text(interpreter.call(function, arguments)));
  return Flow::kNext;
}

Flow Generation::execute(Interpreter& interpreter) const {
  const std::string text = interpreter.captured(body);
  const size_t begin = interpreter.output().size();
  interpreter.write(text);
  interpreter.generation_spans().emplace_back(begin, interpreter.output().size());
  return Flow::kNext;
}

Flow Block::execute(Interpreter& interpreter) const {
  const Interpreter::Inner inner(interpreter, scoped ? &interpreter.scope() : &interpreter.top());
  return interpreter.execute(body);
}

}  // namespace tessera::jinja
