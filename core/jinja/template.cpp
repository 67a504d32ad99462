#include "core/jinja/template.hpp"

#include <fmt/format.h>

#include "core/jinja/failure.hpp"
#include "core/jinja/interpreter.hpp"
#include "core/jinja/lexer.hpp"
#include "core/jinja/parser.hpp"

namespace tessera::jinja {
namespace {

Error located(const Failure& failure, Position position, const std::string& name) {
  std::string message = failure.what();
  if (position.line > 0) message += fmt::format(" (line {}, column {})", position.line, position.column);
  return Error(failure.code(), std::move(message)).file(name);
}

std::tm local_time() {
  const std::time_t seconds = std::time(nullptr);
  std::tm now{};
  localtime_r(&seconds, &now);
  return now;
}

}  // namespace

struct Template::Impl {
  std::string name;
  Body body;
};

Template Template::parse(std::string_view source, std::string name) {
  auto impl = std::make_shared<Impl>();
  impl->name = std::move(name);
  try {
    impl->body = Parser(tokenize(source)).parse();
  } catch (const Failure& failure) {
    throw located(failure, failure.position(), impl->name);
  }
  return Template(std::move(impl));
}

Rendered Template::render(const std::vector<std::pair<std::string, Value>>& variables,
                          const std::tm* now) const {
  Interpreter interpreter(variables, now ? *now : local_time());
  try {
    interpreter.execute(impl_->body);
  } catch (const Failure& failure) {
    throw located(failure, interpreter.position(), impl_->name);
  }
  return {std::move(interpreter.output()), std::move(interpreter.generation_spans())};
}

}  // namespace tessera::jinja
