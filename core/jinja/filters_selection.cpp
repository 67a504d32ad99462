#include <fmt/format.h>

#include "core/jinja/failure.hpp"
#include "core/jinja/filters.hpp"
#include "core/jinja/objects.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/subscript.hpp"

namespace tessera::jinja {
namespace {

/// The arguments from the one at `first` on.
Arguments rest_of(const Arguments& arguments, size_t first) {
  Arguments rest;
  rest.positional.assign(arguments.positional.begin() + static_cast<std::ptrdiff_t>(first),
                         arguments.positional.end());
  rest.named = arguments.named;
  return rest;
}

const std::string& name_of(const Value& value) {
  if (!value.is_string()) throw Failure(fmt::format("No filter or test named {}.", repr(value)));
  return value.string();
}

Value default_filter(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("default", "default_value? boolean?");
  const bool boolean = args[1] && truthy(*args[1]);
  if (!input.is_undefined() && !(boolean && !truthy(input))) return input;
  return args[0].value_or(Value(""));
}

Value attr(Interpreter&, const Value& input, const Arguments& a) {
  const Value name = *a.bind("attr", "name")[0];
  require_defined(input);
  Value value = get_attribute(input, to_text(name));
  // No way to an element: `attr` sees attributes alone.
  if (input.is_dict() && input.dict().find(name)) {
    return Value::undefined(fmt::format("'dict object' has no attribute {}", repr(name)));
  }
  return value;
}

Value map(Interpreter& interpreter, const Value& input, const Arguments& a) {
  std::vector<Value> results;
  if (!truthy(input)) return make_iterator({});
  if (a.positional.empty()) {
    std::optional<Value> attribute, otherwise;
    for (const auto& [name, value] : a.named) {
      if (name == "attribute") {
        attribute = value;
      } else if (name == "default") {
        otherwise = value;
      } else {
        throw Failure(fmt::format("Unexpected keyword argument '{}'", name));
      }
    }
    if (!attribute) throw Failure("map requires a filter argument");
    for (const Value& item : to_vector(input)) {
      Value value = get_path(item, *attribute);
      const bool replaced = value.is_undefined() && otherwise && !otherwise->is_none();
      results.push_back(replaced ? *otherwise : std::move(value));
    }
    return make_iterator(std::move(results));
  }
  const std::string& filter = name_of(a.positional[0]);
  const Arguments arguments = rest_of(a, 1);
  for (const Value& item : to_vector(input))
    results.push_back(interpreter.apply_filter(filter, item, arguments));
  return make_iterator(std::move(results));
}

/// select, reject and their kin: keeps the elements whose test gives `wanted`.
Value select(Interpreter& interpreter, const Value& input, const Arguments& a, bool by_attribute,
             bool wanted) {
  if (!truthy(input)) return make_iterator({});
  if (by_attribute && a.positional.empty()) throw Failure("Missing parameter for attribute name");
  const size_t at = by_attribute ? 1 : 0;
  const bool has_test = a.positional.size() > at;
  const Arguments arguments = rest_of(a, has_test ? at + 1 : at);
  std::vector<Value> kept;
  for (Value& item : to_vector(input)) {
    const Value subject = by_attribute ? get_path(item, a.positional[0]) : item;
    const bool holds =
        has_test ? interpreter.apply_test(name_of(a.positional[at]), subject, arguments) : truthy(subject);
    if (holds == wanted) kept.push_back(std::move(item));
  }
  return make_iterator(std::move(kept));
}

}  // namespace

const FilterTable& selection_filters() {
  static const FilterTable kFilters{
      {"attr", attr},
      {"d", default_filter},
      {"default", default_filter},
      {"map", map},
      {"reject",
       [](Interpreter& i, const Value& v, const Arguments& a) { return select(i, v, a, false, false); }},
      {"rejectattr",
       [](Interpreter& i, const Value& v, const Arguments& a) { return select(i, v, a, true, false); }},
      {"select",
       [](Interpreter& i, const Value& v, const Arguments& a) { return select(i, v, a, false, true); }},
      {"selectattr",
       [](Interpreter& i, const Value& v, const Arguments& a) { return select(i, v, a, true, true); }},
  };
  return kFilters;
}

}  // namespace tessera::jinja
