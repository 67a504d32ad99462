/// One rendering: variables, output, limits.
#pragma once

#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/jinja/node.hpp"
#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// Variables of a block. Blocks inside one another form a chain; a macro sees the chain where it was defined,
/// with the values of the time when it is called.
class Scope {
 public:
  explicit Scope(Scope* outer) : outer_(outer) {}
  const Value* find(std::string_view name) const;
  void set(std::string_view name, Value value);
  Scope* outer() const { return outer_; }
  bool captured = false;  ///< a macro refers to it: it lives as long as the rendering

 private:
  Scope* outer_;
  std::map<std::string, Value, std::less<>> variables_;
};

class NamespaceObject;

class Interpreter {
 public:
  /// `now`: what strftime_now sees.
  Interpreter(const std::vector<std::pair<std::string, Value>>& variables, const std::tm& now);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;
  Interpreter& operator=(const Interpreter&) = delete;

  /// Evaluates within the limits, and remembers where, for a failure.
  Value evaluate(const Expression& expression);
  /// Up to the first statement that leaves the block.
  Flow execute(const Body& body);
  /// What the body writes, in a scope of its own.
  std::string captured(const Body& body);

  Arguments evaluate(const CallArguments& arguments);
  void assign(const Target& target, const Value& value);
  Value lookup(std::string_view name) const;
  void write(std::string_view text);

  Value call(const Value& function, const Arguments& arguments);
  Value call_macro(const MacroBody& macro, Scope* scope, const Arguments& arguments);
  /// Throws Failure when there is no such filter or test.
  Value apply_filter(std::string_view name, const Value& input, const Arguments& arguments);
  bool apply_test(std::string_view name, const Value& input, const Arguments& arguments);

  /// A scope inside the current one, for the life of the object.
  class Inner {
   public:
    explicit Inner(Interpreter& interpreter) : Inner(interpreter, interpreter.scope_) {}
    /// Inside another scope than the current one.
    Inner(Interpreter& interpreter, Scope* outer);
    ~Inner();
    Inner(const Inner&) = delete;
    Inner& operator=(const Inner&) = delete;

   private:
    Interpreter& interpreter_;
    Scope* before_;
    std::unique_ptr<Scope> scope_;
  };

  Scope& scope() { return *scope_; }
  Scope& top() { return *top_; }
  const std::tm& now() const { return now_; }
  std::string& output() { return output_; }
  Position position() const { return position_; }
  /// Spans of the output (bytes) that generation blocks wrote.
  std::vector<std::pair<size_t, size_t>>& generation_spans() { return generation_spans_; }
  /// Namespaces may refer to themselves: they are emptied when the rendering ends.
  void keep(std::weak_ptr<NamespaceObject> object) { namespaces_.push_back(std::move(object)); }
  void count_step();

 private:
  class Depth;

  std::unique_ptr<Scope> globals_, top_;
  Scope* scope_;
  std::vector<std::unique_ptr<Scope>> kept_scopes_;
  std::vector<std::weak_ptr<NamespaceObject>> namespaces_;
  std::tm now_;
  std::string output_;
  std::vector<std::pair<size_t, size_t>> generation_spans_;
  Position position_;
  uint64_t steps_ = 0;
  uint32_t depth_ = 0;
};

}  // namespace tessera::jinja
