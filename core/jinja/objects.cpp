#include "core/jinja/objects.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/jinja/failure.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"

namespace tessera::jinja {

std::string NamespaceObject::repr() const {
  std::string text;
  for (const auto& [name, value] : attributes_) {
    // A namespace inside a namespace may be the same one.
    const std::string shown = value.object_as<NamespaceObject>() ? "<Namespace ...>" : jinja::repr(value);
    text += (text.empty() ? "" : ", ") + repr_text(name) + ": " + shown;
  }
  return "<Namespace {" + text + "}>";
}

std::optional<Value> NamespaceObject::attribute(std::string_view name) {
  for (const auto& [key, value] : attributes_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

void NamespaceObject::set(std::string_view name, Value value) {
  if (name.starts_with('_')) {
    throw Failure(fmt::format(
        "Chat templates cannot store underscore-prefixed attributes on a namespace, but got '{}'. "
        "Please rename the attribute.",
        name));
  }
  for (auto& [key, old] : attributes_) {
    if (key == name) {
      old = std::move(value);
      return;
    }
  }
  attributes_.emplace_back(name, std::move(value));
}

Value make_function(FunctionObject::Body body, std::string type) {
  return Value(std::make_shared<FunctionObject>(std::move(type), std::move(body)));
}

MacroObject::MacroObject(Interpreter& interpreter, const MacroBody& macro, Scope* scope)
    : interpreter_(interpreter), macro_(macro), scope_(scope) {
  for (Scope* s = scope; s; s = s->outer()) s->captured = true;
}

std::string MacroObject::repr() const {
  return macro_.name.empty() ? "<Macro anonymous>" : fmt::format("<Macro '{}'>", macro_.name);
}

std::optional<Value> MacroObject::attribute(std::string_view name) {
  if (name == "name") return macro_.name.empty() ? Value() : Value(macro_.name);
  if (name == "catch_kwargs") return Value(macro_.uses_kwargs);
  if (name == "catch_varargs") return Value(macro_.uses_varargs);
  if (name == "caller") return Value(macro_.uses_caller);
  if (name != "arguments") return std::nullopt;
  std::vector<Value> names;
  for (const auto& parameter : macro_.parameters) names.emplace_back(parameter.first);
  return Value::tuple(std::move(names));
}

std::function<std::optional<Value>()> IteratorObject::iterate() {
  return [this]() -> std::optional<Value> {
    if (at_ == items_.size()) return std::nullopt;
    return items_[at_++];
  };
}

Value make_iterator(std::vector<Value> items) {
  return Value(std::make_shared<IteratorObject>(std::move(items)));
}

std::string DictViewObject::type_name() const {
  return part_ == Part::kKeys ? "dict_keys" : part_ == Part::kValues ? "dict_values" : "dict_items";
}

std::string DictViewObject::repr() const {
  return fmt::format("{}({})", type_name(), jinja::repr(Value::list(items())));
}

std::vector<Value> DictViewObject::items() const {
  std::vector<Value> items;
  for (const auto& [key, value] : dict_->entries()) {
    items.push_back(part_ == Part::kKeys ? key : part_ == Part::kValues ? value : Value::tuple({key, value}));
  }
  return items;
}

std::function<std::optional<Value>()> DictViewObject::iterate() {
  return [items = items(), at = size_t{0}]() mutable -> std::optional<Value> {
    if (at == items.size()) return std::nullopt;
    return items[at++];
  };
}

std::string RangeObject::repr() const {
  return step_ == 1 ? fmt::format("range({}, {})", start_, stop_)
                    : fmt::format("range({}, {}, {})", start_, stop_, step_);
}

int64_t RangeObject::size() const {
  const __int128 distance =
      step_ > 0 ? static_cast<__int128>(stop_) - start_ : static_cast<__int128>(start_) - stop_;
  const __int128 step = step_ > 0 ? static_cast<__int128>(step_) : -static_cast<__int128>(step_);
  if (distance <= 0) return 0;
  return static_cast<int64_t>(std::min<__int128>((distance + step - 1) / step, INT64_MAX));
}

std::function<std::optional<Value>()> RangeObject::iterate() {
  return [start = start_, step = step_, size = size(), at = int64_t{0}]() mutable -> std::optional<Value> {
    if (at == size) return std::nullopt;
    return Value(start + step * at++);
  };
}

std::optional<Value> RangeObject::item(const Value& key) {
  if (!key.is_integral()) return std::nullopt;
  const int64_t index = key.integer() < 0 ? key.integer() + size() : key.integer();
  if (index < 0 || index >= size()) return std::nullopt;
  return Value(start_ + step_ * index);
}

bool LoopObject::fill(size_t count) {
  while (ahead_.size() < count) {
    auto value = source_();
    if (!value) return false;
    ahead_.push_back(std::move(*value));
  }
  return true;
}

bool LoopObject::advance() {
  if (!fill(1)) return false;
  if (index0_ >= 0) previous_ = std::move(current_);
  current_ = std::move(ahead_.front());
  ahead_.pop_front();
  ++index0_;
  return true;
}

int64_t LoopObject::count() {
  while (fill(ahead_.size() + 1)) {
  }
  return index0_ + 1 + static_cast<int64_t>(ahead_.size());
}

Value LoopObject::changed(const Arguments& arguments) {
  const auto& now = arguments.positional;
  const bool same = last_changed_ &&
                    std::equal(now.begin(), now.end(), last_changed_->begin(), last_changed_->end(), equals);
  last_changed_ = now;
  return !same;
}

std::optional<Value> LoopObject::attribute(std::string_view name) {
  if (name == "index") return Value(index0_ + 1);
  if (name == "index0") return Value(index0_);
  if (name == "first") return Value(index0_ == 0);
  if (name == "last") return Value(!fill(1));
  if (name == "length") return Value(count());
  if (name == "revindex") return Value(count() - index0_);
  if (name == "revindex0") return Value(count() - index0_ - 1);
  if (name == "depth") return Value(depth_ + 1);
  if (name == "depth0") return Value(depth_);
  if (name == "previtem") return previous_ ? *previous_ : Value::undefined("there is no previous item");
  if (name == "nextitem") return fill(1) ? ahead_.front() : Value::undefined("there is no next item");
  if (name == "changed") return make_function([this](const Arguments& a) { return changed(a); }, "method");
  if (name == "cycle") {
    return make_function(
        [this](const Arguments& a) -> Value {
          if (a.positional.empty()) throw Failure("no items for cycling given");
          return a.positional[static_cast<size_t>(index0_) % a.positional.size()];
        },
        "method");
  }
  return std::nullopt;
}

Value LoopObject::call(const Arguments& arguments) {
  if (!recurse_) {
    throw Failure("The loop must have the 'recursive' marker to be called recursively.");
  }
  return recurse_(*arguments.bind("loop", "iterable")[0]);
}

}  // namespace tessera::jinja
