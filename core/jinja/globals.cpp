#include "core/jinja/globals.hpp"

#include <fmt/format.h>

#include "core/jinja/failure.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/objects.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/time_format.hpp"

namespace tessera::jinja {
namespace {

int64_t whole_number(const Value& value) {
  require_defined(value);
  if (!value.is_integral()) {
    throw Failure(fmt::format("'{}' object cannot be interpreted as an integer", type_name(value)));
  }
  return value.integer();
}

Value range(const Arguments& a) {
  const auto args = a.bind("range", "start stop? step?");
  const int64_t first = whole_number(*args[0]);
  const int64_t start = args[1] ? first : 0, stop = args[1] ? whole_number(*args[1]) : first;
  const int64_t step = args[2] ? whole_number(*args[2]) : 1;
  if (step == 0) throw Failure("range() arg 3 must not be zero");
  auto object = std::make_shared<RangeObject>(start, stop, step);
  if (object->size() > kMaxRange) {
    throw Failure(
        fmt::format("Range too big. The sandbox blocks ranges larger than MAX_RANGE ({}).", kMaxRange));
  }
  return Value(std::static_pointer_cast<Object>(std::move(object)));
}

/// The pairs of dict(mapping_or_pairs, **names).
std::vector<std::pair<Value, Value>> pairs_of(const Arguments& a) {
  if (a.positional.size() > 1) {
    throw Failure(fmt::format("dict expected at most 1 argument, got {}", a.positional.size()));
  }
  std::vector<std::pair<Value, Value>> entries;
  if (!a.positional.empty() && a.positional[0].is_dict()) {
    entries = a.positional[0].dict().entries();
  } else if (!a.positional.empty()) {
    for (const Value& pair : to_vector(a.positional[0])) {
      std::vector<Value> parts = to_vector(pair);
      if (parts.size() != 2) throw Failure("dictionary update sequence element has not length 2");
      entries.emplace_back(std::move(parts[0]), std::move(parts[1]));
    }
  }
  for (const auto& [name, value] : a.named) entries.emplace_back(name, value);
  return entries;
}

/// cycler('a', 'b'): next(), current, reset().
class CyclerObject final : public Object {
 public:
  explicit CyclerObject(std::vector<Value> items) : items_(std::move(items)) {
    if (items_.empty()) throw Failure("at least one item has to be provided");
  }
  std::string type_name() const override { return "Cycler"; }
  std::optional<Value> attribute(std::string_view name) override {
    if (name == "current") return items_[at_];
    if (name == "next") return make_function([this](const Arguments&) { return next(); }, "method");
    if (name != "reset") return std::nullopt;
    return make_function(
        [this](const Arguments&) {
          at_ = 0;
          return Value();
        },
        "method");
  }

 private:
  Value next() {
    Value value = items_[at_];
    at_ = (at_ + 1) % items_.size();
    return value;
  }
  std::vector<Value> items_;
  size_t at_ = 0;
};

/// joiner(', '): nothing at the first call, the separator afterwards.
Value joiner(const Arguments& a) {
  const Value separator = a.bind("joiner", "sep?")[0].value_or(Value(", "));
  return make_function([separator, used = std::make_shared<bool>(false)](
                           const Arguments&) { return std::exchange(*used, true) ? separator : Value(""); },
                       "Joiner");
}

}  // namespace

void define_globals(Interpreter& interpreter, Scope& scope) {
  scope.set("range", make_function(range));
  scope.set("dict", make_function([](const Arguments& a) { return Value::dict(pairs_of(a)); }));
  scope.set("namespace", make_function([&interpreter](const Arguments& a) {
              auto object = std::make_shared<NamespaceObject>();
              for (const auto& [name, value] : pairs_of(a)) object->set(to_text(name), value);
              interpreter.keep(object);
              return Value(std::static_pointer_cast<Object>(std::move(object)));
            }));
  scope.set("cycler", make_function([](const Arguments& a) {
              return Value(std::make_shared<CyclerObject>(a.positional));
            }));
  scope.set("joiner", make_function(joiner));
  scope.set("lipsum",
            make_function([](const Arguments&) -> Value { throw not_supported("the function 'lipsum'"); }));
  scope.set("raise_exception", make_function([](const Arguments& a) -> Value {
              throw Failure(to_text(*a.bind("raise_exception", "message")[0]));
            }));
  scope.set("strftime_now", make_function([&interpreter](const Arguments& a) {
              return Value(format_time(to_text(*a.bind("strftime_now", "format")[0]), interpreter.now()));
            }));
}

}  // namespace tessera::jinja
