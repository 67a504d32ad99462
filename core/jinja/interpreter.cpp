#include "core/jinja/interpreter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/jinja/filters.hpp"
#include "core/jinja/globals.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/objects.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/predicates.hpp"
#include "core/jinja/repr.hpp"

namespace tessera::jinja {

const Value* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope; scope = scope->outer_) {
    const auto it = scope->variables_.find(name);
    if (it != scope->variables_.end()) return &it->second;
  }
  return nullptr;
}

void Scope::set(std::string_view name, Value value) {
  variables_.insert_or_assign(std::string(name), std::move(value));
}

Interpreter::Interpreter(const std::vector<std::pair<std::string, Value>>& variables, const std::tm& now)
    : globals_(std::make_unique<Scope>(nullptr)),
      top_(std::make_unique<Scope>(globals_.get())),
      scope_(top_.get()),
      now_(now) {
  define_globals(*this, *globals_);
  for (const auto& [name, value] : variables) top_->set(name, value);
}

Interpreter::~Interpreter() {
  for (const auto& weak : namespaces_) {
    if (const auto object = weak.lock()) object->clear();
  }
}

Interpreter::Inner::Inner(Interpreter& interpreter, Scope* outer)
    : interpreter_(interpreter), before_(interpreter.scope_), scope_(std::make_unique<Scope>(outer)) {
  interpreter_.scope_ = scope_.get();
}

Interpreter::Inner::~Inner() {
  interpreter_.scope_ = before_;
  if (scope_->captured) interpreter_.kept_scopes_.push_back(std::move(scope_));
}

/// One level of evaluation inside another.
class Interpreter::Depth {
 public:
  explicit Depth(Interpreter& interpreter) : interpreter_(interpreter) {
    if (++interpreter_.depth_ > kMaxNesting) {
      --interpreter_.depth_;
      throw Failure("the template recurses without end: maximum recursion depth exceeded");
    }
  }
  ~Depth() { --interpreter_.depth_; }
  Depth(const Depth&) = delete;
  Depth& operator=(const Depth&) = delete;

 private:
  Interpreter& interpreter_;
};

void Interpreter::count_step() {
  if (++steps_ > kMaxSteps) {
    throw Failure(fmt::format("the template does not come to an end: stopped after {} steps", kMaxSteps));
  }
}

Value Interpreter::evaluate(const Expression& expression) {
  const Depth depth(*this);
  count_step();
  // Not restored when it throws: then it is where the failure was.
  const Position before = position_;
  position_ = expression.position;
  Value value = expression.evaluate(*this);
  position_ = before;
  return value;
}

Flow Interpreter::execute(const Body& body) {
  const Depth depth(*this);
  for (const StatementPtr& statement : body) {
    count_step();
    position_ = statement->position;
    const Flow flow = statement->execute(*this);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

std::string Interpreter::captured(const Body& body) {
  const Inner inner(*this);
  std::string before = std::exchange(output_, {});
  execute(body);
  return std::exchange(output_, std::move(before));
}

void Interpreter::write(std::string_view text) {
  check_size(output_.size() + text.size(), 1);
  output_ += text;
}

Value Interpreter::lookup(std::string_view name) const {
  if (const Value* value = scope_->find(name)) return *value;
  return Value::undefined(fmt::format("'{}' is undefined", name));
}

Arguments Interpreter::evaluate(const CallArguments& arguments) {
  Arguments result;
  for (const ExpressionPtr& argument : arguments.positional) result.positional.push_back(evaluate(*argument));
  if (arguments.more_positional) {
    for (Value& value : to_vector(evaluate(*arguments.more_positional)))
      result.positional.push_back(std::move(value));
  }
  for (const auto& [name, argument] : arguments.named) result.named.emplace_back(name, evaluate(*argument));
  if (arguments.more_named) {
    const Value more = evaluate(*arguments.more_named);
    if (!more.is_dict())
      throw Failure(fmt::format("argument after ** must be a mapping, not {}", type_name(more)));
    for (const auto& [key, value] : more.dict().entries()) result.named.emplace_back(to_text(key), value);
  }
  return result;
}

void Interpreter::assign(const Target& target, const Value& value) {
  if (target.is_tuple) {
    if (!value.is_sequence() && !value.is_string() && !value.is_dict() && !value.is(Kind::kObject)) {
      require_defined(value);
      throw Failure(fmt::format("cannot unpack non-iterable {} object", type_name(value)));
    }
    const std::vector<Value> items = to_vector(value);
    if (items.size() > target.tuple.size()) {
      throw Failure(fmt::format("too many values to unpack (expected {})", target.tuple.size()));
    }
    if (items.size() < target.tuple.size()) {
      throw Failure(fmt::format("not enough values to unpack (expected {}, got {})", target.tuple.size(),
                                items.size()));
    }
    for (size_t i = 0; i < items.size(); ++i) assign(target.tuple[i], items[i]);
    return;
  }
  if (target.attribute.empty()) return scope_->set(target.name, value);
  const Value object = lookup(target.name);
  const auto space = object.object_as<NamespaceObject>();
  if (!space) throw Failure("cannot assign attribute on non-namespace object");
  space->set(target.attribute, value);
}

Value Interpreter::call(const Value& function, const Arguments& arguments) {
  require_defined(function);
  if (!function.is(Kind::kObject))
    throw Failure(fmt::format("'{}' object is not callable", type_name(function)));
  return function.object().call(arguments);
}

Value Interpreter::call_macro(const MacroBody& macro, Scope* scope, const Arguments& arguments) {
  const Depth depth(*this);
  const Inner inner(*this, scope);
  const auto name = macro.name.empty() ? std::string("None") : "'" + macro.name + "'";
  const size_t count = macro.parameters.size();
  std::vector<std::optional<Value>> given(count);
  std::vector<Value> varargs;
  std::vector<std::pair<Value, Value>> kwargs;
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < count) {
      given[i] = arguments.positional[i];
    } else if (macro.uses_varargs) {
      varargs.push_back(arguments.positional[i]);
    } else {
      throw Failure(fmt::format("macro {} takes not more than {} argument(s)", name, count));
    }
  }
  std::optional<Value> caller;
  for (const auto& [key, value] : arguments.named) {
    const auto it = std::find_if(macro.parameters.begin(), macro.parameters.end(),
                                 [&key = key](const auto& parameter) { return parameter.first == key; });
    if (it != macro.parameters.end()) {
      std::optional<Value>& slot = given[static_cast<size_t>(it - macro.parameters.begin())];
      if (slot) throw Failure(fmt::format("macro {} got multiple values for argument '{}'", name, key));
      slot = value;
    } else if (key == "caller" && macro.uses_caller) {
      caller = value;
    } else if (macro.uses_kwargs) {
      kwargs.emplace_back(key, value);
    } else {
      throw Failure(fmt::format("macro {} takes no keyword argument '{}'", name, key));
    }
  }
  if (macro.uses_caller) scope_->set("caller", caller.value_or(Value::undefined("No caller defined")));
  if (macro.uses_kwargs) scope_->set("kwargs", Value::dict(std::move(kwargs)));
  if (macro.uses_varargs) scope_->set("varargs", Value::tuple(std::move(varargs)));
  for (size_t i = 0; i < count; ++i) {
    const auto& [parameter, otherwise] = macro.parameters[i];
    if (!given[i]) {
      given[i] = otherwise ? evaluate(*otherwise)
                           : Value::undefined(fmt::format("parameter '{}' was not provided", parameter));
    }
    scope_->set(parameter, *given[i]);
  }
  std::string before = std::exchange(output_, {});
  execute(macro.body);
  return std::exchange(output_, std::move(before));
}

Value Interpreter::apply_filter(std::string_view name, const Value& input, const Arguments& arguments) {
  const FilterFunction filter = find_filter(name);
  if (!filter) throw Failure(fmt::format("No filter named '{}'.", name), ErrorCode::kNotSupported);
  count_step();
  return filter(*this, input, arguments);
}

bool Interpreter::apply_test(std::string_view name, const Value& input, const Arguments& arguments) {
  const TestFunction test = find_test(name);
  if (!test) throw Failure(fmt::format("No test named '{}'.", name), ErrorCode::kNotSupported);
  count_step();
  return test(*this, input, arguments);
}

}  // namespace tessera::jinja
