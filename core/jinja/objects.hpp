/// Objects that templates meet: namespaces, macros, loops, iterators, views of dicts, ranges, functions.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "core/jinja/interpreter.hpp"
#include "core/jinja/node.hpp"
#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// namespace(...): the one thing whose attributes a template may set.
class NamespaceObject final : public Object {
 public:
  std::string type_name() const override { return "Namespace"; }
  std::string repr() const override;
  std::optional<Value> attribute(std::string_view name) override;
  /// Throws Failure for a name that starts with an underscore.
  void set(std::string_view name, Value value);
  void clear() { attributes_.clear(); }

 private:
  std::vector<std::pair<std::string, Value>> attributes_;
};

/// A function of the host.
class FunctionObject final : public Object {
 public:
  using Body = std::function<Value(const Arguments&)>;
  FunctionObject(std::string type, Body body) : type_(std::move(type)), body_(std::move(body)) {}
  std::string type_name() const override { return type_; }
  bool is_callable() const override { return true; }
  Value call(const Arguments& arguments) override { return body_(arguments); }

 private:
  std::string type_;
  Body body_;
};
Value make_function(FunctionObject::Body body, std::string type = "function");

/// A macro, or the caller() of a call block.
class MacroObject final : public Object {
 public:
  MacroObject(Interpreter& interpreter, const MacroBody& macro, Scope* scope);
  std::string type_name() const override { return "Macro"; }
  std::string repr() const override;
  bool is_callable() const override { return true; }
  std::optional<Value> attribute(std::string_view name) override;
  Value call(const Arguments& arguments) override {
    return interpreter_.call_macro(macro_, scope_, arguments);
  }

 private:
  Interpreter& interpreter_;
  const MacroBody& macro_;
  Scope* scope_;
};

/// What the filters map, select, ... give: elements that can be read once.
class IteratorObject final : public Object {
 public:
  explicit IteratorObject(std::vector<Value> items) : items_(std::move(items)) {}
  std::string type_name() const override { return "generator"; }
  bool is_iterable() const override { return true; }
  std::function<std::optional<Value>()> iterate() override;

 private:
  std::vector<Value> items_;
  size_t at_ = 0;
};
Value make_iterator(std::vector<Value> items);

/// dict.keys(), .values(), .items()
class DictViewObject final : public Object {
 public:
  enum class Part { kKeys, kValues, kItems };
  DictViewObject(std::shared_ptr<const Dict> dict, Part part) : dict_(std::move(dict)), part_(part) {}
  std::string type_name() const override;
  std::string repr() const override;
  bool truthy() const override { return dict_->size() > 0; }
  std::optional<int64_t> length() const override { return static_cast<int64_t>(dict_->size()); }
  bool is_iterable() const override { return true; }
  std::function<std::optional<Value>()> iterate() override;

 private:
  std::vector<Value> items() const;
  std::shared_ptr<const Dict> dict_;
  Part part_;
};

/// range(...)
class RangeObject final : public Object {
 public:
  RangeObject(int64_t start, int64_t stop, int64_t step) : start_(start), stop_(stop), step_(step) {}
  std::string type_name() const override { return "range"; }
  std::string repr() const override;
  bool truthy() const override { return size() > 0; }
  std::optional<int64_t> length() const override { return size(); }
  bool is_sequence() const override { return true; }
  bool is_iterable() const override { return true; }
  std::function<std::optional<Value>()> iterate() override;
  std::optional<Value> item(const Value& key) override;
  int64_t size() const;

 private:
  int64_t start_, stop_, step_;
};

/// `loop` inside a for block, and the way the block goes through its elements: one at a time, with a look
/// ahead only when it is asked for.
class LoopObject final : public Object {
 public:
  using Source = std::function<std::optional<Value>()>;
  /// `recurse`: what loop(...) does; empty where the block is not recursive.
  LoopObject(Source source, int64_t depth, std::function<Value(const Value&)> recurse)
      : source_(std::move(source)), depth_(depth), recurse_(std::move(recurse)) {}
  /// Goes on to the next element; false at the end.
  bool advance();
  const Value& current() const { return current_; }

  std::string type_name() const override { return "LoopContext"; }
  bool is_callable() const override { return true; }
  std::optional<int64_t> length() const override { return const_cast<LoopObject*>(this)->count(); }
  std::optional<Value> attribute(std::string_view name) override;
  Value call(const Arguments& arguments) override;

 private:
  bool fill(size_t count);  ///< reads ahead; false when there are fewer
  int64_t count();
  Value changed(const Arguments& arguments);

  Source source_;
  int64_t depth_;
  std::function<Value(const Value&)> recurse_;
  std::deque<Value> ahead_;
  Value current_;
  std::optional<Value> previous_;
  std::optional<std::vector<Value>> last_changed_;
  int64_t index0_ = -1;
};

}  // namespace tessera::jinja
