/// Property values and declared options: tagged C values as C++ ones.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera::sdk {

enum class ValueType : int32_t {
  kInt64 = TSR_TYPE_INT64,
  kDouble = TSR_TYPE_DOUBLE,
  kText = TSR_TYPE_TEXT,
  kInt64List = TSR_TYPE_INT64_LIST,
  kTextList = TSR_TYPE_TEXT_LIST,
  kBool = TSR_TYPE_BOOL,
};

/// "int", "number", "text", ...: as messages and help print it.
inline const char* type_name(ValueType type) {
  switch (type) {
    case ValueType::kInt64:
      return "int";
    case ValueType::kDouble:
      return "number";
    case ValueType::kText:
      return "text";
    case ValueType::kInt64List:
      return "list of ints";
    case ValueType::kTextList:
      return "list of texts";
    case ValueType::kBool:
      return "bool";
  }
  return "unknown type";
}

/// The answer to a property question. Construct it from the plain value: `Value(true)`, `Value(int64_t{4})`.
class Value {
 public:
  using Texts = std::vector<std::string>;
  using Ints = std::vector<int64_t>;

  explicit Value(int64_t value) : value_(value) {}
  explicit Value(double value) : value_(value) {}
  explicit Value(bool value) : value_(value) {}
  explicit Value(std::string value) : value_(std::move(value)) {}
  explicit Value(const char* value) : value_(std::string(value)) {}
  explicit Value(Ints value) : value_(std::move(value)) {}
  explicit Value(Texts value) : value_(std::move(value)) {}

  ValueType type() const {
    static constexpr ValueType kTypes[] = {ValueType::kInt64, ValueType::kDouble,    ValueType::kBool,
                                           ValueType::kText,  ValueType::kInt64List, ValueType::kTextList};
    return kTypes[value_.index()];
  }
  // Each throws kInternal when the value is of another type: who answers a property gives its documented
  // type.
  int64_t as_int64() const { return get<int64_t>(ValueType::kInt64); }
  double as_double() const { return get<double>(ValueType::kDouble); }
  bool as_bool() const { return get<bool>(ValueType::kBool); }
  const std::string& as_text() const { return get<std::string>(ValueType::kText); }
  const Ints& as_int64_list() const { return get<Ints>(ValueType::kInt64List); }
  const Texts& as_text_list() const { return get<Texts>(ValueType::kTextList); }

  bool operator==(const Value& other) const { return value_ == other.value_; }

 private:
  template <class T>
  const T& get(ValueType wanted) const {
    if (const T* found = std::get_if<T>(&value_)) return *found;
    throw Error(ErrorCode::kInternal,
                std::string("a property is ") + type_name(type()) + ", expected " + type_name(wanted));
  }

  std::variant<int64_t, double, bool, std::string, Ints, Texts> value_;
};

/// Keeps answered lists and texts alive as long as the object that was asked (abi.h, tsr_value). An answer
/// that repeats costs no memory; one that changes is kept beside the old, since somebody may still read that.
class ValueStore {
 public:
  /// `value` as a C value that lives as long as this store. Any thread.
  tsr_value keep(const std::string& key, Value value) {
    tsr_value out{};
    out.struct_size = sizeof(out);
    out.type = static_cast<int32_t>(value.type());
    switch (value.type()) {
      case ValueType::kInt64:
        out.i64 = value.as_int64();
        return out;
      case ValueType::kBool:
        out.i64 = value.as_bool() ? 1 : 0;
        return out;
      case ValueType::kDouble:
        out.f64 = value.as_double();
        return out;
      default:
        break;
    }
    const std::lock_guard<std::mutex> lock(mutex_);
    const Kept& kept = find_or_add(key, std::move(value));
    if (out.type == TSR_TYPE_TEXT) out.text = borrow(kept.value.as_text());
    if (out.type == TSR_TYPE_INT64_LIST) {
      out.i64_list = kept.value.as_int64_list().data();
      out.count = kept.value.as_int64_list().size();
    }
    if (out.type == TSR_TYPE_TEXT_LIST) {
      out.text_list = kept.texts.data();
      out.count = kept.texts.size();
    }
    return out;
  }

 private:
  struct Kept {
    explicit Kept(Value v) : value(std::move(v)) {
      if (value.type() != ValueType::kTextList) return;
      for (const std::string& text : value.as_text_list()) texts.push_back(borrow(text));
    }
    Kept(const Kept&) = delete;
    Value value;
    std::vector<tsr_str> texts;
  };

  const Kept& find_or_add(const std::string& key, Value value) {
    std::list<Kept>& answers = answers_[key];
    for (const Kept& kept : answers)
      if (kept.value == value) return kept;
    return answers.emplace_back(std::move(value));
  }

  std::mutex mutex_;
  std::map<std::string, std::list<Kept>> answers_;
};

/// A C value as a C++ one; copies. Throws kInternal for an unknown type or a list that is null with a count.
inline Value read_value(const tsr_value& value) {
  if (value.count > 0 && value.type == TSR_TYPE_INT64_LIST && value.i64_list == nullptr)
    throw Error(ErrorCode::kInternal, "a property has a count of ints but no ints");
  if (value.count > 0 && value.type == TSR_TYPE_TEXT_LIST && value.text_list == nullptr)
    throw Error(ErrorCode::kInternal, "a property has a count of texts but no texts");
  switch (value.type) {
    case TSR_TYPE_INT64:
      return Value(value.i64);
    case TSR_TYPE_BOOL:
      return Value(value.i64 != 0);
    case TSR_TYPE_DOUBLE:
      return Value(value.f64);
    case TSR_TYPE_TEXT:
      return Value(std::string(view(value.text)));
    case TSR_TYPE_INT64_LIST:
      return Value(Value::Ints(value.i64_list, value.i64_list + value.count));
    case TSR_TYPE_TEXT_LIST: {
      Value::Texts texts;
      for (uint64_t i = 0; i < value.count; ++i) texts.emplace_back(view(value.text_list[i]));
      return Value(std::move(texts));
    }
    default:
      throw Error(ErrorCode::kInternal, "a property has the unknown type tag " + std::to_string(value.type));
  }
}

}  // namespace tessera::sdk
