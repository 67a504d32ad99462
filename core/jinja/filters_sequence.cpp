#include <fmt/format.h>

#include <algorithm>

#include "core/jinja/failure.hpp"
#include "core/jinja/filters.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/methods.hpp"
#include "core/jinja/objects.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/subscript.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

bool flag(const std::optional<Value>& value) {
  return value && truthy(*value);
}

int64_t positive(std::string_view filter, const Value& value) {
  if (!value.is_integral() || value.integer() < 1) {
    throw Failure(fmt::format("{}: expected a positive integer, not {}", filter, repr(value)));
  }
  return value.integer();
}

Value ignoring_case(const Value& value, bool case_sensitive) {
  return value.is_string() && !case_sensitive ? Value(to_utf8(lower(code_points(value.string())))) : value;
}

/// What sort, min, max, unique and groupby compare: the element or its attribute, strings without case.
Value key_of(const Value& item, const std::optional<Value>& attribute, bool case_sensitive) {
  const Value value = attribute && !attribute->is_none() ? get_path(item, *attribute) : item;
  return ignoring_case(value, case_sensitive);
}

struct Keyed {
  Value key, item;
};

void sort_by_key(std::vector<Keyed>& items, bool reverse) {
  // As Python's sorted: stable, also when reversed.
  std::stable_sort(items.begin(), items.end(), [reverse](const Keyed& a, const Keyed& b) {
    return reverse ? less(b.key, a.key) : less(a.key, b.key);
  });
}

std::vector<Value> items_of(std::vector<Keyed> keyed) {
  std::vector<Value> items;
  for (Keyed& entry : keyed) items.push_back(std::move(entry.item));
  return items;
}

Value first(Interpreter&, const Value& input, const Arguments&) {
  if (auto value = iterate(input)()) return *value;
  return Value::undefined("No first item, sequence was empty.");
}

Value last(Interpreter&, const Value& input, const Arguments&) {
  if (input.object_as<IteratorObject>()) throw Failure("'generator' object is not reversible");
  std::vector<Value> items = to_vector(input);
  return items.empty() ? Value::undefined("No last item, sequence was empty.") : items.back();
}

Value length_filter(Interpreter&, const Value& input, const Arguments&) {
  return length(input);
}

Value list(Interpreter&, const Value& input, const Arguments&) {
  return Value::list(to_vector(input));
}

Value join(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("join", "d? attribute?");
  const std::string separator = args[0] ? to_text(*args[0]) : "";
  std::string out;
  bool any = false;
  for (const Value& item : to_vector(input)) {
    if (any) out += separator;
    any = true;
    out += to_text(args[1] && !args[1]->is_none() ? get_path(item, *args[1]) : item);
    check_size(out.size(), 1);
  }
  return out;
}

Value reverse(Interpreter&, const Value& input, const Arguments&) {
  if (input.is_string()) {
    std::u32string text = code_points(input.string());
    std::reverse(text.begin(), text.end());
    return to_utf8(text);
  }
  std::vector<Value> items = to_vector(input);
  std::reverse(items.begin(), items.end());
  return make_iterator(std::move(items));
}

Value sort(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("sort", "reverse? case_sensitive? attribute?");
  std::vector<Keyed> keyed;
  for (Value& item : to_vector(input)) {
    // "a,b" sorts by a, then by b.
    std::vector<Value> keys;
    if (args[2] && args[2]->is_string()) {
      std::string_view rest = args[2]->string();
      for (bool more = true; more;) {
        const size_t comma = rest.find(',');
        keys.push_back(key_of(item, Value(rest.substr(0, comma)), flag(args[1])));
        more = comma != rest.npos;
        if (more) rest = rest.substr(comma + 1);
      }
    } else {
      keys.push_back(key_of(item, args[2], flag(args[1])));
    }
    keyed.push_back({keys.size() == 1 ? keys[0] : Value::list(std::move(keys)), std::move(item)});
  }
  sort_by_key(keyed, flag(args[0]));
  return Value::list(items_of(std::move(keyed)));
}

Value unique(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("unique", "case_sensitive? attribute?");
  std::vector<Value> seen, items;
  for (Value& item : to_vector(input)) {
    Value key = key_of(item, args[1], flag(args[0]));
    if (key.is(Kind::kList) || key.is_dict())
      throw Failure(fmt::format("unhashable type: '{}'", type_name(key)));
    if (std::any_of(seen.begin(), seen.end(), [&](const Value& s) { return equals(s, key); })) continue;
    seen.push_back(std::move(key));
    items.push_back(std::move(item));
  }
  return make_iterator(std::move(items));
}

Value extreme(const Value& input, const Arguments& a, bool want_max) {
  const auto args = a.bind(want_max ? "max" : "min", "case_sensitive? attribute?");
  std::optional<Keyed> best;
  for (Value& item : to_vector(input)) {
    Value key = key_of(item, args[1], flag(args[0]));
    if (!best || (want_max ? less(best->key, key) : less(key, best->key))) {
      best = Keyed{std::move(key), std::move(item)};
    }
  }
  return best ? best->item : Value::undefined("No aggregated item, sequence was empty.");
}

Value sum(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("sum", "attribute? start?");
  Value total = args[1].value_or(Value(int64_t{0}));
  if (total.is_string()) throw Failure("sum() can't sum strings [use ''.join(seq) instead]");
  for (const Value& item : to_vector(input)) {
    total = add(total, args[0] && !args[0]->is_none() ? get_path(item, *args[0]) : item);
  }
  return total;
}

Value batch(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("batch", "linecount fill_with?");
  const int64_t size = positive("batch", *args[0]);
  std::vector<Value> batches, row;
  for (Value& item : to_vector(input)) {
    if (static_cast<int64_t>(row.size()) == size) batches.push_back(Value::list(std::exchange(row, {})));
    row.push_back(std::move(item));
  }
  if (!row.empty()) {
    const bool fill = args[1] && !args[1]->is_none();
    if (fill) check_size(static_cast<size_t>(size), sizeof(Value));
    while (fill && static_cast<int64_t>(row.size()) < size) row.push_back(*args[1]);
    batches.push_back(Value::list(std::move(row)));
  }
  return make_iterator(std::move(batches));
}

Value slice(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("slice", "slices fill_with?");
  const int64_t slices = positive("slice", *args[0]);
  check_size(static_cast<size_t>(slices), sizeof(Value));
  const std::vector<Value> items = to_vector(input);
  const auto count = static_cast<int64_t>(items.size());
  const int64_t each = count / slices, longer = count % slices;
  std::vector<Value> parts;
  auto at = items.begin();
  for (int64_t i = 0; i < slices; ++i) {
    const auto end = at + each + (i < longer ? 1 : 0);
    std::vector<Value> part(at, end);
    at = end;
    if (args[1] && !args[1]->is_none() && i >= longer && longer > 0) part.push_back(*args[1]);
    parts.push_back(Value::list(std::move(part)));
  }
  return make_iterator(std::move(parts));
}

Value dict_sort(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("dictsort", "case_sensitive? by? reverse?");
  require_defined(input);
  const std::string by = args[1] ? to_text(*args[1]) : "key";
  if (by != "key" && by != "value") throw Failure("You can only sort by either \"key\" or \"value\"");
  if (!input.is_dict()) throw Failure(fmt::format("'{}' object has no attribute 'items'", type_name(input)));
  std::vector<Keyed> keyed;
  for (const auto& [key, value] : input.dict().entries()) {
    keyed.push_back({ignoring_case(by == "key" ? key : value, flag(args[0])), Value::tuple({key, value})});
  }
  sort_by_key(keyed, flag(args[2]));
  return Value::list(items_of(std::move(keyed)));
}

Value items(Interpreter&, const Value& input, const Arguments&) {
  if (input.is_undefined()) return make_iterator({});
  if (!input.is_dict()) throw Failure("Can only get item pairs from a mapping.");
  std::vector<Value> pairs;
  for (const auto& [key, value] : input.dict().entries()) pairs.push_back(Value::tuple({key, value}));
  return make_iterator(std::move(pairs));
}

/// (grouper, list): a tuple whose parts have names.
class GroupObject final : public Object {
 public:
  GroupObject(Value grouper, Value list) : grouper_(std::move(grouper)), list_(std::move(list)) {}
  std::string type_name() const override { return "_GroupTuple"; }
  std::string repr() const override { return jinja::repr(Value::tuple({grouper_, list_})); }
  std::optional<int64_t> length() const override { return 2; }
  bool is_sequence() const override { return true; }
  bool is_iterable() const override { return true; }
  std::function<std::optional<Value>()> iterate() override {
    return jinja::iterate(Value::tuple({grouper_, list_}));
  }
  std::optional<Value> attribute(std::string_view name) override {
    if (name == "grouper") return grouper_;
    if (name == "list") return list_;
    return std::nullopt;
  }
  std::optional<Value> item(const Value& key) override {
    const Value value = get_item(Value::tuple({grouper_, list_}), key);
    return value.is_undefined() ? std::nullopt : std::optional<Value>(value);
  }

 private:
  Value grouper_, list_;
};

Value group_by(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("groupby", "attribute default? case_sensitive?");
  const auto real_key = [&](const Value& item) {
    Value key = get_path(item, *args[0]);
    return key.is_undefined() && args[1] ? *args[1] : key;
  };
  std::vector<Keyed> keyed;
  for (Value& item : to_vector(input)) {
    Value key = ignoring_case(real_key(item), flag(args[2]));
    keyed.push_back({std::move(key), std::move(item)});
  }
  sort_by_key(keyed, false);
  std::vector<Value> groups;
  for (size_t i = 0; i < keyed.size();) {
    std::vector<Value> group;
    const size_t start = i;
    while (i < keyed.size() && equals(keyed[i].key, keyed[start].key)) group.push_back(keyed[i++].item);
    const Value grouper = flag(args[2]) ? keyed[start].key : real_key(group.front());
    groups.emplace_back(std::make_shared<GroupObject>(grouper, Value::list(std::move(group))));
  }
  return Value::list(std::move(groups));
}

}  // namespace

const FilterTable& sequence_filters() {
  static const FilterTable kFilters{
      {"batch", batch},
      {"count", length_filter},
      {"dictsort", dict_sort},
      {"first", first},
      {"groupby", group_by},
      {"items", items},
      {"join", join},
      {"last", last},
      {"length", length_filter},
      {"list", list},
      {"max", [](Interpreter&, const Value& v, const Arguments& a) { return extreme(v, a, true); }},
      {"min", [](Interpreter&, const Value& v, const Arguments& a) { return extreme(v, a, false); }},
      {"reverse", reverse},
      {"slice", slice},
      {"sort", sort},
      {"sum", sum},
      {"unique", unique},
  };
  return kFilters;
}

}  // namespace tessera::jinja
