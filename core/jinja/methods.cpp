#include "core/jinja/methods.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <set>

#include "core/jinja/failure.hpp"
#include "core/jinja/objects.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"

namespace tessera::jinja {
namespace {

using Names = std::set<std::string_view>;

bool changes_its_object(const Value& object, std::string_view name) {
  static const Names kList{"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"};
  static const Names kDict{"clear", "pop", "popitem", "setdefault", "update"};
  return object.is(Kind::kList) ? kList.contains(name) : object.is_dict() && kDict.contains(name);
}

bool is_known_to_python(const Value& object, std::string_view name) {
  static const Names kString{"encode", "translate", "maketrans"};
  static const Names kInteger{"to_bytes", "from_bytes", "as_integer_ratio"};
  static const Names kFloat{"hex", "fromhex", "as_integer_ratio"};
  if (object.is_string()) return kString.contains(name);
  if (object.is_integral()) return kInteger.contains(name);
  return object.is(Kind::kFloat) && kFloat.contains(name);
}

Method find_any(const Value& object, std::string_view name) {
  if (object.is_string()) return find_string_method(name);
  if (object.is_dict()) return find_dict_method(name);
  if (object.is_sequence()) return find_sequence_method(name);
  return find_number_method(object, name);
}

Value view(const Value& self, DictViewObject::Part part) {
  return Value(std::make_shared<DictViewObject>(self.dict_pointer(), part));
}

}  // namespace

std::optional<Value> find_method(const Value& object, std::string_view name) {
  if (object.is_integral() || object.is(Kind::kFloat)) {
    if (name == "real" || name == "numerator") return object;
    if (name == "imag") return object.is(Kind::kFloat) ? Value(0.0) : Value(int64_t{0});
    if (name == "denominator") return Value(int64_t{1});
  }
  if (const Method method = find_any(object, name)) {
    return make_function([method, object](const Arguments& arguments) { return method(object, arguments); },
                         "builtin_function_or_method");
  }
  if (changes_its_object(object, name)) {
    return Value::undefined(
        fmt::format("access to attribute '{}' of '{}' object is unsafe.", name, type_name(object)));
  }
  if (is_known_to_python(object, name)) {
    throw not_supported(fmt::format("the method '{}' of '{}'", name, type_name(object)));
  }
  return std::nullopt;
}

Method find_dict_method(std::string_view name) {
  static const std::map<std::string_view, Method> kMethods{
      {"keys", [](const Value& s, const Arguments&) { return view(s, DictViewObject::Part::kKeys); }},
      {"values", [](const Value& s, const Arguments&) { return view(s, DictViewObject::Part::kValues); }},
      {"items", [](const Value& s, const Arguments&) { return view(s, DictViewObject::Part::kItems); }},
      {"copy", [](const Value& s, const Arguments&) { return s; }},
      {"get",
       [](const Value& s, const Arguments& a) {
         const auto args = a.bind("get", "key default?");
         if (args[0]->is(Kind::kList) || args[0]->is_dict()) {
           throw Failure(fmt::format("unhashable type: '{}'", type_name(*args[0])));
         }
         const Value* value = s.dict().find(*args[0]);
         return value ? *value : args[1].value_or(Value());
       }},
      {"fromkeys",
       [](const Value&, const Arguments& a) {
         const auto args = a.bind("fromkeys", "iterable value?");
         std::vector<std::pair<Value, Value>> entries;
         for (Value& key : to_vector(*args[0]))
           entries.emplace_back(std::move(key), args[1].value_or(Value()));
         return Value::dict(std::move(entries));
       }},
  };
  const auto it = kMethods.find(name);
  return it == kMethods.end() ? nullptr : it->second;
}

Method find_sequence_method(std::string_view name) {
  static const std::map<std::string_view, Method> kMethods{
      {"copy", [](const Value& s, const Arguments&) { return s; }},
      {"count",
       [](const Value& s, const Arguments& a) {
         const Value wanted = *a.bind("count", "value")[0];
         int64_t count = 0;
         for (const Value& item : s.items()) count += equals(item, wanted) ? 1 : 0;
         return Value(count);
       }},
      {"index",
       [](const Value& s, const Arguments& a) {
         const auto args = a.bind("index", "value start? stop?");
         const auto size = static_cast<int64_t>(s.items().size());
         const auto bound = [&](const std::optional<Value>& v, int64_t otherwise) {
           if (!v || !v->is_integral()) return otherwise;
           return std::max<int64_t>(v->integer() < 0 ? v->integer() + size : v->integer(), 0);
         };
         for (int64_t i = bound(args[1], 0); i < std::min(bound(args[2], size), size); ++i) {
           if (equals(s.items()[static_cast<size_t>(i)], *args[0])) return Value(i);
         }
         throw Failure(fmt::format("{} is not in list", repr(*args[0])));
       }},
  };
  const auto it = kMethods.find(name);
  return it == kMethods.end() ? nullptr : it->second;
}

Method find_number_method(const Value& self, std::string_view name) {
  if (!self.is_integral() && !self.is(Kind::kFloat)) return nullptr;
  if (name == "conjugate") return [](const Value& s, const Arguments&) { return s; };
  if (name == "is_integer") {
    return [](const Value& s, const Arguments&) { return Value(std::floor(s.number()) == s.number()); };
  }
  if (name == "bit_length" && self.is_integral()) {
    return [](const Value& s, const Arguments&) {
      int64_t bits = 0;
      for (uint64_t rest = static_cast<uint64_t>(std::abs(s.integer())); rest != 0; rest >>= 1) ++bits;
      return Value(bits);
    };
  }
  return nullptr;
}

}  // namespace tessera::jinja
