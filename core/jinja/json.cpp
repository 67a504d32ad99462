#include "core/jinja/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>

#include "core/jinja/failure.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

namespace json = boost::json;

/// The number of a JSON text that the parser has checked.
Value number_value(const std::string& text) {
  const char *begin = text.data(), *end = begin + text.size();
  if (text.find_first_of(".eE") == text.npos) {
    int64_t integer = 0;
    if (std::from_chars(begin, end, integer).ec == std::errc()) return integer;
    return Value::big_integer(text);
  }
  double number = 0;
  if (std::from_chars(begin, end, number).ec == std::errc::result_out_of_range) {
    // As Python: too large is infinite, too small is zero.
    const bool tiny = text.find("e-") != text.npos || text.find("E-") != text.npos;
    number = std::copysign(tiny ? 0.0 : HUGE_VAL, text[0] == '-' ? -1.0 : 1.0);
  }
  return number;
}

/// Receives the parser's events.
class ValueBuilder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t n, json::error_code&) {
    std::vector<std::pair<Value, Value>> entries;
    for (size_t i = stack_.size() - 2 * n; i < stack_.size(); i += 2) {
      entries.emplace_back(std::move(stack_[i]), std::move(stack_[i + 1]));
    }
    stack_.resize(stack_.size() - 2 * n);
    stack_.push_back(Value::dict(std::move(entries)));
    return true;
  }
  bool on_array_end(std::size_t n, json::error_code&) {
    const auto first = stack_.end() - static_cast<std::ptrdiff_t>(n);
    std::vector<Value> items(std::make_move_iterator(first), std::make_move_iterator(stack_.end()));
    stack_.erase(first, stack_.end());
    stack_.push_back(Value::list(std::move(items)));
    return true;
  }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) { return part(s); }
  bool on_key(json::string_view s, std::size_t, json::error_code&) { return text(s); }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) { return part(s); }
  bool on_string(json::string_view s, std::size_t, json::error_code&) { return text(s); }
  bool on_number_part(json::string_view s, json::error_code&) { return part(s); }
  bool on_int64(std::int64_t, json::string_view s, json::error_code&) { return number(s); }
  bool on_uint64(std::uint64_t, json::string_view s, json::error_code&) { return number(s); }
  bool on_double(double, json::string_view s, json::error_code&) { return number(s); }
  bool on_bool(bool b, json::error_code&) {
    stack_.emplace_back(b);
    return true;
  }
  bool on_null(json::error_code&) {
    stack_.emplace_back();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  Value release() { return std::move(stack_.front()); }

 private:
  bool part(json::string_view s) {
    buffer_.append(s.data(), s.size());
    return true;
  }
  bool text(json::string_view s) {
    part(s);
    stack_.emplace_back(std::move(buffer_));
    buffer_.clear();
    return true;
  }
  bool number(json::string_view s) {
    part(s);
    stack_.push_back(number_value(buffer_));
    buffer_.clear();
    return true;
  }

  std::vector<Value> stack_;
  std::string buffer_;
};

void append_string(std::string& out, std::string_view utf8, bool ensure_ascii) {
  out += '"';
  for (const char32_t c : code_points(utf8)) {
    switch (c) {
      case '"':
        out += "\\\"";
        continue;
      case '\\':
        out += "\\\\";
        continue;
      case '\n':
        out += "\\n";
        continue;
      case '\r':
        out += "\\r";
        continue;
      case '\t':
        out += "\\t";
        continue;
      case '\b':
        out += "\\b";
        continue;
      case '\f':
        out += "\\f";
        continue;
      default:
        break;
    }
    if (c >= 0x20 && (!ensure_ascii || c < 0x7F)) {
      append_code_point(out, c);
    } else if (c < 0x10000) {
      out += fmt::format("\\u{:04x}", static_cast<uint32_t>(c));
    } else {
      const uint32_t rest = static_cast<uint32_t>(c) - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    }
  }
  out += '"';
}

std::string json_float(double number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
  return float_text(number);
}

class JsonWriter {
 public:
  explicit JsonWriter(const JsonOptions& options) : options_(options) {}

  void write(const Value& value, size_t level) {
    switch (value.kind()) {
      case Kind::kNone:
        out += "null";
        break;
      case Kind::kBool:
        out += value.boolean() ? "true" : "false";
        break;
      case Kind::kInt:
      case Kind::kBigInt:
        out += to_text(value);
        break;
      case Kind::kFloat:
        out += json_float(value.number());
        break;
      case Kind::kString:
        append_string(out, value.string(), options_.ensure_ascii);
        break;
      case Kind::kList:
      case Kind::kTuple:
        write_list(value.items(), level);
        break;
      case Kind::kDict:
        write_dict(value.dict(), level);
        break;
      default:
        throw Failure(fmt::format("Object of type {} is not JSON serializable", type_name(value)));
    }
  }

  std::string out;

 private:
  void new_line(size_t level) {
    if (!options_.indented) return;
    out += '\n';
    for (size_t i = 0; i < level; ++i) out += options_.indent;
  }

  void write_list(const std::vector<Value>& items, size_t level) {
    if (items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += options_.item_separator;
      new_line(level + 1);
      write(items[i], level + 1);
    }
    new_line(level);
    out += ']';
  }

  void write_dict(const Dict& dict, size_t level) {
    if (dict.size() == 0) {
      out += "{}";
      return;
    }
    std::vector<std::pair<Value, Value>> entries = dict.entries();
    if (options_.sort_keys) {
      std::stable_sort(entries.begin(), entries.end(),
                       [](const auto& a, const auto& b) { return less(a.first, b.first); });
    }
    out += '{';
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) out += options_.item_separator;
      new_line(level + 1);
      append_string(out, key_text(entries[i].first), options_.ensure_ascii);
      out += options_.key_separator;
      write(entries[i].second, level + 1);
    }
    new_line(level);
    out += '}';
  }

  static std::string key_text(const Value& key) {
    switch (key.kind()) {
      case Kind::kString:
        return key.string();
      case Kind::kNone:
        return "null";
      case Kind::kBool:
        return key.boolean() ? "true" : "false";
      case Kind::kInt:
      case Kind::kBigInt:
        return to_text(key);
      case Kind::kFloat:
        return json_float(key.number());
      default:
        throw Failure(fmt::format("keys must be str, int, float, bool or None, not {}", type_name(key)));
    }
  }

  const JsonOptions& options_;
};

}  // namespace

Value from_json(std::string_view text, std::string_view file) {
  json::parse_options options;
  options.max_depth = 100;
  json::basic_parser<ValueBuilder> parser(options);
  json::error_code error;
  const size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (!error && read < text.size()) error = json::error::extra_data;
  if (!error) return parser.handler().release();
  throw Error(ErrorCode::kCorruptData, fmt::format("not valid JSON at byte {}: {}", read, error.message()))
      .file(file)
      .offset(read);
}

std::string to_json(const Value& value, const JsonOptions& options) {
  JsonWriter writer(options);
  writer.write(value, 0);
  return std::move(writer.out);
}

}  // namespace tessera::jinja
