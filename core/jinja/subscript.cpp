#include "core/jinja/subscript.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/jinja/failure.hpp"
#include "core/jinja/methods.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

/// How Jinja names an object in a message.
std::string object_name(const Value& object) {
  return object.is_none() ? "None" : type_name(object) + " object";
}

Value missing(const Value& object, const Value& key) {
  if (key.is_string()) {
    return Value::undefined(
        fmt::format("'{}' has no attribute {}", object_name(object), repr_text(key.string())));
  }
  return Value::undefined(fmt::format("{} has no element {}", object_name(object), repr(key)));
}

std::optional<Value> attribute_of(const Value& object, std::string_view name) {
  if (name.starts_with("_")) {
    return Value::undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, type_name(object)));
  }
  if (object.is(Kind::kObject)) return object.object().attribute(name);
  return find_method(object, name);
}

std::optional<Value> element_of(const Value& object, const Value& key) {
  if (object.is_dict()) {
    if (key.is(Kind::kList) || key.is_dict()) return std::nullopt;
    const Value* value = object.dict().find(key);
    return value ? std::optional<Value>(*value) : std::nullopt;
  }
  if (object.is(Kind::kObject)) return object.object().item(key);
  if (!key.is_integral()) return std::nullopt;
  if (object.is_string()) {
    const std::u32string text = code_points(object.string());
    const auto size = static_cast<int64_t>(text.size());
    const int64_t index = key.integer() < 0 ? key.integer() + size : key.integer();
    if (index < 0 || index >= size) return std::nullopt;
    return Value(to_utf8(std::u32string_view(text).substr(static_cast<size_t>(index), 1)));
  }
  if (!object.is_sequence()) return std::nullopt;
  const auto size = static_cast<int64_t>(object.items().size());
  const int64_t index = key.integer() < 0 ? key.integer() + size : key.integer();
  if (index < 0 || index >= size) return std::nullopt;
  return object.items()[static_cast<size_t>(index)];
}

struct SliceRange {
  int64_t start, stop, step;
};

/// The rules of Python's slice.indices.
SliceRange slice_range(int64_t size, const Value& start, const Value& stop, const Value& step) {
  const auto whole = [](const Value& v) {
    if (!v.is_integral()) throw Failure("slice indices must be integers or None or have an __index__ method");
    return v.integer();
  };
  SliceRange range{0, 0, step.is_none() ? 1 : whole(step)};
  if (range.step == 0) throw Failure("slice step cannot be zero");
  const bool back = range.step < 0;
  const int64_t lowest = back ? -1 : 0, highest = back ? size - 1 : size;
  const auto clamped = [&](const Value& v, int64_t otherwise) {
    if (v.is_none()) return otherwise;
    const int64_t index = whole(v);
    if (index < 0) return index < -size ? lowest : std::max(index + size, lowest);
    return std::min(index, highest);
  };
  range.start = clamped(start, back ? highest : lowest);
  range.stop = clamped(stop, back ? lowest : highest);
  return range;
}

template <typename Sequence>
Sequence sliced(const Sequence& sequence, const SliceRange& range) {
  Sequence result;
  const auto distance = range.step > 0 ? range.stop - range.start : range.start - range.stop;
  for (int64_t i = range.start, left = distance; left > 0;) {
    result.push_back(sequence[static_cast<size_t>(i)]);
    const int64_t step = range.step > 0 ? range.step : range.step == INT64_MIN ? INT64_MAX : -range.step;
    if (step >= left) break;
    left -= step;
    i += range.step;
  }
  return result;
}

}  // namespace

Value get_attribute(const Value& object, std::string_view name) {
  require_defined(object);
  if (auto value = attribute_of(object, name)) return *value;
  const Value key(name);
  if (auto value = element_of(object, key)) return *value;
  return missing(object, key);
}

Value get_item(const Value& object, const Value& key) {
  require_defined(object);
  if (auto value = element_of(object, key)) return *value;
  if (key.is_string()) {
    if (auto value = attribute_of(object, key.string())) return *value;
  }
  return missing(object, key);
}

Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step) {
  require_defined(object);
  if (object.is_string()) {
    const std::u32string text = code_points(object.string());
    const SliceRange range = slice_range(static_cast<int64_t>(text.size()), start, stop, step);
    return Text{to_utf8(sliced(text, range)), object.text().markup};
  }
  if (object.is(Kind::kObject) && object.object().is_sequence()) {
    return get_slice(Value::list(to_vector(object)), start, stop, step);
  }
  if (!object.is_sequence()) {
    throw Failure(fmt::format("'{}' object is not subscriptable", type_name(object)));
  }
  const SliceRange range = slice_range(static_cast<int64_t>(object.items().size()), start, stop, step);
  std::vector<Value> items = sliced(object.items(), range);
  return object.is(Kind::kList) ? Value::list(std::move(items)) : Value::tuple(std::move(items));
}

Value get_path(const Value& object, const Value& path) {
  if (!path.is_string()) return path.is_none() ? object : get_item(object, path);
  Value value = object;
  std::string_view rest = path.string();
  for (bool more = true; more;) {
    const size_t dot = rest.find('.');
    const std::string_view part = rest.substr(0, dot);
    int64_t index = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool digits =
        !part.empty() && part[0] != '-' && error == std::errc() && end == part.data() + part.size();
    value = get_item(value, digits ? Value(index) : Value(part));
    more = dot != rest.npos;
    if (more) rest = rest.substr(dot + 1);
  }
  return value;
}

}  // namespace tessera::jinja
