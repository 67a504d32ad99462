#include "core/jinja/value.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/jinja/failure.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"

namespace tessera::jinja {
namespace {

constexpr uint32_t kMaxDepth = 200;
constexpr size_t kTinyDict = 8;

uint32_t depth_above(uint32_t deepest) {
  if (deepest >= kMaxDepth) throw Failure(fmt::format("containers are nested more than {} deep", kMaxDepth));
  return deepest + 1;
}

std::shared_ptr<const Elements> elements_of(std::vector<Value> items) {
  uint32_t deepest = 0;
  for (const Value& item : items) deepest = std::max(deepest, item.depth());
  return std::make_shared<const Elements>(Elements{std::move(items), depth_above(deepest)});
}

}  // namespace

Value Value::list(std::vector<Value> items) {
  Value value;
  value.data_ = List{{elements_of(std::move(items))}};
  return value;
}

Value Value::tuple(std::vector<Value> items) {
  Value value;
  value.data_ = Tuple{{elements_of(std::move(items))}};
  return value;
}

Value Value::dict(std::vector<std::pair<Value, Value>> entries) {
  return Value(std::make_shared<const Dict>(std::move(entries)));
}

Value Value::undefined(std::string message) {
  Value value;
  value.data_ = std::make_shared<const Undefined>(Undefined{std::move(message)});
  return value;
}

Value Value::big_integer(std::string decimal) {
  Value value;
  value.data_ = std::make_shared<const BigInteger>(BigInteger{std::move(decimal)});
  return value;
}

uint32_t Value::depth() const {
  if (is_sequence()) return elements().depth;
  return is_dict() ? dict().depth() : 0;
}

bool Value::same_as(const Value& other) const {
  if (kind() != other.kind()) return false;
  switch (kind()) {
    case Kind::kList:
    case Kind::kTuple:
      return &elements() == &other.elements();
    case Kind::kDict:
      return &dict() == &other.dict();
    case Kind::kObject:
      return &object() == &other.object();
    default:
      return equals(*this, other);
  }
}

Dict::Dict(std::vector<std::pair<Value, Value>> entries) {
  entries_.reserve(entries.size());
  uint32_t deepest = 0;
  for (auto& [key, value] : entries) {
    if (key.is(Kind::kList) || key.is_dict())
      throw Failure(fmt::format("unhashable type: '{}'", type_name(key)));
    deepest = std::max({deepest, key.depth(), value.depth()});
    if (const auto index = index_of(key)) {
      entries_[*index].second = std::move(value);
      continue;
    }
    entries_.emplace_back(std::move(key), std::move(value));
    if (entries_.size() <= kTinyDict) continue;
    // The texts live behind shared pointers: their addresses outlast a growing vector.
    for (size_t i = texts_.empty() ? 0 : entries_.size() - 1; i < entries_.size(); ++i) {
      if (entries_[i].first.is_string()) texts_.emplace(entries_[i].first.string(), i);
    }
  }
  depth_ = depth_above(deepest);
}

std::optional<size_t> Dict::index_of(const Value& key) const {
  if (key.is_string() && entries_.size() > kTinyDict) {
    const auto it = texts_.find(key.string());
    if (it == texts_.end()) return std::nullopt;
    return it->second;
  }
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (equals(entries_[i].first, key)) return i;
  }
  return std::nullopt;
}

const Value* Dict::find(const Value& key) const {
  const auto index = index_of(key);
  return index ? &entries_[*index].second : nullptr;
}

std::string Object::repr() const {
  return fmt::format("<{} object>", type_name());
}

std::function<std::optional<Value>()> Object::iterate() {
  throw Failure(fmt::format("'{}' object is not iterable", type_name()));
}

std::optional<Value> Object::attribute(std::string_view) {
  return std::nullopt;
}

std::optional<Value> Object::item(const Value&) {
  return std::nullopt;
}

Value Object::call(const Arguments&) {
  throw Failure(fmt::format("'{}' object is not callable", type_name()));
}

std::vector<std::optional<Value>> Arguments::bind(std::string_view function,
                                                  std::string_view parameters) const {
  std::vector<std::string_view> names;
  for (std::string_view rest = parameters; !rest.empty();) {
    const size_t space = rest.find(' ');
    names.push_back(rest.substr(0, space));
    rest = space == rest.npos ? std::string_view() : rest.substr(space + 1);
  }
  const auto plain = [](std::string_view name) { return name.substr(0, name.find('?')); };
  if (positional.size() > names.size()) {
    throw Failure(fmt::format("{}() takes at most {} arguments ({} given)", function, names.size(),
                              positional.size() + named.size()));
  }
  std::vector<std::optional<Value>> bound(names.size());
  for (size_t i = 0; i < positional.size(); ++i) bound[i] = positional[i];
  for (const auto& [name, value] : named) {
    const auto it = std::find_if(names.begin(), names.end(),
                                 [&, wanted = std::string_view(name)](auto n) { return plain(n) == wanted; });
    if (it == names.end()) {
      throw Failure(fmt::format("{}() got an unexpected keyword argument '{}'", function, name));
    }
    std::optional<Value>& slot = bound[static_cast<size_t>(it - names.begin())];
    if (slot) throw Failure(fmt::format("{}() got multiple values for argument '{}'", function, name));
    slot = value;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (!bound[i] && names[i].back() != '?') {
      throw Failure(fmt::format("{}() missing 1 required positional argument: '{}'", function, names[i]));
    }
  }
  return bound;
}

}  // namespace tessera::jinja
