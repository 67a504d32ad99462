/// Options of architectures, transforms and backends: declared once, given as text, read by type.
#pragma once

#include <charconv>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "tessera/abi.h"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/sdk/status.hpp"
#include "tessera/sdk/value.hpp"

namespace tessera::sdk {

/// One declared option: what `tessera passes` and `tessera plugins` print.
struct OptionInfo {
  std::string name;  ///< kebab-case
  ValueType type = ValueType::kText;
  std::string default_text;  ///< printed form of the default; empty = none, then the option may be left out
  std::string help;          ///< one sentence
};

/// The options of one call, checked against the declared ones.
class Options {
 public:
  Options() = default;

  /// Throws kInvalidArgument with the option's name as key: for a name that is not declared (with the nearest
  /// one), one given twice, or a text that is not of the declared type.
  Options(const std::vector<OptionInfo>& declared, const tsr_option* given, uint64_t count) {
    if (count > 0 && given == nullptr) throw Error(ErrorCode::kMisuse, "options have a count but are null");
    for (const OptionInfo& info : declared)
      entries_[info.name] = Entry{info.type, info.default_text, false, !info.default_text.empty()};
    for (uint64_t i = 0; i < count; ++i) set(view(given[i].name), view(given[i].value));
    for (const auto& [name, entry] : entries_)
      if (entry.has_value) check_type(name, entry);
  }

  /// True when the user gave it, false when it has its default or nothing.
  bool given(const std::string& name) const { return entry(name).given; }
  /// True when it was given or has a default.
  bool has(const std::string& name) const { return entry(name).has_value; }

  // Each throws kInvalidArgument when the option has neither value nor default, kMisuse when it is not
  // declared so.
  int64_t integer(const std::string& name) const {
    return parse_integer(name, text_of(name, ValueType::kInt64));
  }
  double number(const std::string& name) const {
    return parse_number(name, text_of(name, ValueType::kDouble));
  }
  bool flag(const std::string& name) const { return parse_flag(name, text_of(name, ValueType::kBool)); }
  const std::string& text(const std::string& name) const { return text_of(name, ValueType::kText); }
  /// Comma-separated; the empty text is the empty list.
  std::vector<int64_t> integers(const std::string& name) const {
    std::vector<int64_t> values;
    for (const std::string& item : split(text_of(name, ValueType::kInt64List)))
      values.push_back(parse_integer(name, item));
    return values;
  }
  std::vector<std::string> texts(const std::string& name) const {
    return split(text_of(name, ValueType::kTextList));
  }

 private:
  struct Entry {
    ValueType type;
    std::string text;
    bool given;
    bool has_value;
  };

  void set(std::string_view name, std::string_view value) {
    const auto found = entries_.find(std::string(name));
    if (found == entries_.end()) {
      std::vector<std::string> names;
      for (const auto& known : entries_) names.push_back(known.first);
      throw Error(ErrorCode::kInvalidArgument, "unknown option '" + std::string(name) + "'")
          .key(name)
          .remedy(names.empty() ? std::string("it takes no options") : did_you_mean(name, names));
    }
    if (found->second.given)
      throw Error(ErrorCode::kInvalidArgument, "option '" + std::string(name) + "' is given twice").key(name);
    found->second.text = value;
    found->second.given = found->second.has_value = true;
  }

  static void check_type(const std::string& name, const Entry& entry) {
    if (entry.type == ValueType::kInt64) parse_integer(name, entry.text);
    if (entry.type == ValueType::kDouble) parse_number(name, entry.text);
    if (entry.type == ValueType::kBool) parse_flag(name, entry.text);
    if (entry.type != ValueType::kInt64List) return;
    for (const std::string& item : split(entry.text)) parse_integer(name, item);
  }

  const Entry& entry(const std::string& name) const {
    const auto found = entries_.find(name);
    if (found == entries_.end())
      throw Error(ErrorCode::kMisuse, "option '" + name + "' is read but not declared").key(name);
    return found->second;
  }

  const std::string& text_of(const std::string& name, ValueType type) const {
    const Entry& found = entry(name);
    if (found.type != type)
      throw Error(ErrorCode::kMisuse, "option '" + name + "' is declared as " + type_name(found.type) +
                                          " but read as " + type_name(type))
          .key(name);
    if (!found.has_value)
      throw Error(ErrorCode::kInvalidArgument, "option '" + name + "' is missing")
          .key(name)
          .remedy("give it a value");
    return found.text;
  }

  static Error wrong_type(const std::string& name, const std::string& text, const char* expected) {
    return Error(ErrorCode::kInvalidArgument, "option '" + name + "' is '" + text + "', expected " + expected)
        .key(name);
  }

  template <class Number>
  static Number parse(const std::string& name, const std::string& text, const char* expected) {
    Number value{};
    const char* end = text.data() + text.size();
    const std::from_chars_result result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end) throw wrong_type(name, text, expected);
    return value;
  }
  static int64_t parse_integer(const std::string& name, const std::string& text) {
    return parse<int64_t>(name, text, "a whole number");
  }
  static double parse_number(const std::string& name, const std::string& text) {
    return parse<double>(name, text, "a number");
  }
  static bool parse_flag(const std::string& name, const std::string& text) {
    if (text == "true" || text == "1") return true;
    if (text == "false" || text == "0") return false;
    throw wrong_type(name, text, "true or false");
  }

  static std::vector<std::string> split(const std::string& text) {
    std::vector<std::string> items;
    if (text.empty()) return items;
    for (size_t start = 0;;) {
      const size_t comma = text.find(',', start);
      items.push_back(text.substr(start, comma - start));
      if (comma == std::string::npos) return items;
      start = comma + 1;
    }
  }

  std::map<std::string, Entry> entries_;
};

namespace detail {

/// Declared options as the C structs of a descriptor, which live as long as this object.
class OptionTable {
 public:
  explicit OptionTable(std::vector<OptionInfo> declared) : declared_(std::move(declared)) {
    infos_.reserve(declared_.size());
    for (const OptionInfo& option : declared_) {
      tsr_option_info info{};
      info.struct_size = sizeof(info);
      info.type = static_cast<int32_t>(option.type);
      info.name = borrow(option.name);
      info.default_text = borrow(option.default_text);
      info.help = borrow(option.help);
      infos_.push_back(info);
    }
    for (const tsr_option_info& info : infos_) pointers_.push_back(&info);
  }
  OptionTable(const OptionTable&) = delete;
  OptionTable& operator=(const OptionTable&) = delete;

  const std::vector<OptionInfo>& declared() const { return declared_; }
  const tsr_option_info* const* data() const { return pointers_.data(); }
  uint64_t size() const { return pointers_.size(); }

 private:
  std::vector<OptionInfo> declared_;
  std::vector<tsr_option_info> infos_;
  std::vector<const tsr_option_info*> pointers_;
};

}  // namespace detail
}  // namespace tessera::sdk
