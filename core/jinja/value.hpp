/// The values of a template: Python's, as far as templates see them. All values are immutable, as in the
/// sandbox that Hugging Face renders in; only objects (namespaces, loops, iterators) have state.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace tessera::jinja {

class Arguments;
class Dict;
class Object;
class Value;

struct None {};

/// A name, attribute or element that is not there. Prints as nothing, is false and empty; any other use
/// raises `message`.
struct Undefined {
  std::string message;
};

/// `markup`: the text is HTML already (filters `safe` and `escape`): joined by `+` the other side is escaped.
struct Text {
  std::string utf8;
  bool markup = false;
};

/// An integer beyond 64 bits: printed and compared, not computed with.
struct BigInteger {
  std::string decimal;
};

/// Elements of a list or a tuple.
struct Elements {
  std::vector<Value> items;
  uint32_t depth = 1;  ///< containers inside one another, so that walking a value never overflows the stack
};

enum class Kind { kUndefined, kNone, kBool, kInt, kFloat, kBigInt, kString, kList, kTuple, kDict, kObject };

/// Cheap to copy: containers are shared.
class Value {
 public:
  Value() : data_(None{}) {}
  // NOLINTBEGIN(google-explicit-constructor): literals of the template language.
  Value(None) : data_(None{}) {}
  Value(bool value) : data_(value) {}
  Value(int64_t value) : data_(value) {}
  Value(double value) : data_(value) {}
  Value(std::string utf8) : data_(std::make_shared<const Text>(Text{std::move(utf8)})) {}
  Value(std::string_view utf8) : Value(std::string(utf8)) {}
  Value(const char* utf8) : Value(std::string(utf8)) {}
  Value(Text text) : data_(std::make_shared<const Text>(std::move(text))) {}
  Value(std::shared_ptr<const Dict> dict) : data_(std::move(dict)) {}
  Value(std::shared_ptr<Object> object) : data_(std::move(object)) {}
  // NOLINTEND(google-explicit-constructor)

  /// Throw Failure when containers are nested too deep.
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value dict(std::vector<std::pair<Value, Value>> entries);
  static Value undefined(std::string message);
  static Value big_integer(std::string decimal);

  Kind kind() const noexcept { return static_cast<Kind>(data_.index()); }
  bool is(Kind kind) const noexcept { return this->kind() == kind; }
  bool is_undefined() const noexcept { return is(Kind::kUndefined); }
  bool is_none() const noexcept { return is(Kind::kNone); }
  bool is_string() const noexcept { return is(Kind::kString); }
  bool is_dict() const noexcept { return is(Kind::kDict); }
  bool is_sequence() const noexcept { return is(Kind::kList) || is(Kind::kTuple); }
  /// An integer or a boolean, which Python counts as one.
  bool is_integral() const noexcept { return is(Kind::kInt) || is(Kind::kBool); }

  // The value as its kind; another kind is a defect (std::bad_variant_access).
  const std::string& undefined_message() const {
    return std::get<std::shared_ptr<const Undefined>>(data_)->message;
  }
  bool boolean() const { return std::get<bool>(data_); }
  int64_t integer() const { return is(Kind::kBool) ? int64_t{boolean()} : std::get<int64_t>(data_); }
  double number() const { return is(Kind::kFloat) ? std::get<double>(data_) : double(integer()); }
  const std::string& decimal() const { return std::get<std::shared_ptr<const BigInteger>>(data_)->decimal; }
  const std::string& string() const { return text().utf8; }
  const Text& text() const { return *std::get<std::shared_ptr<const Text>>(data_); }
  const std::vector<Value>& items() const { return elements().items; }
  const Dict& dict() const { return *std::get<std::shared_ptr<const Dict>>(data_); }
  const std::shared_ptr<const Dict>& dict_pointer() const {
    return std::get<std::shared_ptr<const Dict>>(data_);
  }
  Object& object() const { return *std::get<std::shared_ptr<Object>>(data_); }
  /// The object as one of its classes; null when it is none of that class.
  template <typename T>
  std::shared_ptr<T> object_as() const {
    return is(Kind::kObject) ? std::dynamic_pointer_cast<T>(std::get<std::shared_ptr<Object>>(data_))
                             : nullptr;
  }

  /// Containers inside one another; 0 for scalars.
  uint32_t depth() const;
  /// Whether both are one object in memory (`is` of Python; small integers and equal texts count as one).
  bool same_as(const Value& other) const;

 private:
  struct Sequence {
    std::shared_ptr<const Elements> elements;
  };
  struct List : Sequence {};
  struct Tuple : Sequence {};
  const Elements& elements() const {
    return is(Kind::kList) ? *std::get<List>(data_).elements : *std::get<Tuple>(data_).elements;
  }

  // In the order of Kind.
  std::variant<std::shared_ptr<const Undefined>, None, bool, int64_t, double,
               std::shared_ptr<const BigInteger>, std::shared_ptr<const Text>, List, Tuple,
               std::shared_ptr<const Dict>, std::shared_ptr<Object>>
      data_;
};

/// A dict: pairs in the order of insertion.
class Dict {
 public:
  /// A later equal key replaces the value and keeps the place. Throws Failure for keys that Python cannot
  /// hash, and when containers are nested too deep.
  explicit Dict(std::vector<std::pair<Value, Value>> entries);

  const std::vector<std::pair<Value, Value>>& entries() const noexcept { return entries_; }
  size_t size() const noexcept { return entries_.size(); }
  /// Null when the key is missing.
  const Value* find(const Value& key) const;
  uint32_t depth() const noexcept { return depth_; }

 private:
  std::optional<size_t> index_of(const Value& key) const;

  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_map<std::string_view, size_t> texts_;  // keys that are strings, of dicts that are not tiny
  uint32_t depth_ = 1;
};

/// What is called with a name, or has state. Not thread-safe; belongs to one rendering.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string type_name() const = 0;  ///< as Python's type(x).__name__
  virtual std::string repr() const;
  virtual bool truthy() const { return true; }
  virtual std::optional<int64_t> length() const { return std::nullopt; }  ///< nullopt: has no len()
  virtual bool is_sequence() const { return false; }                      ///< has len() and [index]
  virtual bool is_iterable() const { return false; }
  virtual bool is_callable() const { return false; }
  /// The elements one by one until nullopt. Throws Failure when it cannot be iterated.
  virtual std::function<std::optional<Value>()> iterate();
  virtual std::optional<Value> attribute(std::string_view name);
  virtual std::optional<Value> item(const Value& key);
  /// Throws Failure when it cannot be called.
  virtual Value call(const Arguments& arguments);
};

/// Arguments of a call as they were written.
class Arguments {
 public:
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> named;

  /// The arguments in the order of `parameters`, names with spaces between; one that ends in '?' may be
  /// missing (nullopt). Throws Failure, worded as Python's TypeError: one too many, unknown, twice, missing.
  std::vector<std::optional<Value>> bind(std::string_view function, std::string_view parameters) const;
};

}  // namespace tessera::jinja
