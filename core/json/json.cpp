#include "core/json/json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <set>
#include <string>
#include <vector>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace json = boost::json;

/// One object or array that is open, for the key path of errors and to notice duplicates.
struct Level {
  bool is_array = false;
  size_t index = 0;                         // of the element being read; arrays only
  std::string key;                          // the last key; objects only
  std::set<std::string, std::less<>> keys;  // all keys so far; kept only when duplicates are errors
};

/// Receives the parser's events, builds the value, and always knows the path of what is being read.
class ValueBuilder {
 public:
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  explicit ValueBuilder(DuplicateKeys duplicates) : duplicates_(duplicates) {}

  bool on_document_begin(json::error_code&) {
    stack_.reset();
    return true;
  }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    levels_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t n, json::error_code&) {
    levels_.pop_back();
    stack_.push_object(n);
    return value_done();
  }
  bool on_array_begin(json::error_code&) {
    levels_.emplace_back().is_array = true;
    return true;
  }
  bool on_array_end(std::size_t n, json::error_code&) {
    levels_.pop_back();
    stack_.push_array(n);
    return value_done();
  }
  bool on_key_part(json::string_view s, std::size_t, json::error_code&) {
    stack_.push_chars(s);
    key_.append(s.data(), s.size());
    return true;
  }
  bool on_key(json::string_view s, std::size_t, json::error_code& ec) {
    stack_.push_key(s);
    key_.append(s.data(), s.size());
    Level& level = levels_.back();
    level.key = std::move(key_);
    key_.clear();
    if (duplicates_ == DuplicateKeys::kError && !level.keys.insert(level.key).second) {
      duplicate_ = true;
      ec = json::make_error_code(json::error::syntax);
      return false;
    }
    return true;
  }
  bool on_string_part(json::string_view s, std::size_t, json::error_code&) {
    stack_.push_chars(s);
    return true;
  }
  bool on_string(json::string_view s, std::size_t, json::error_code&) {
    stack_.push_string(s);
    return value_done();
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t i, json::string_view, json::error_code&) {
    stack_.push_int64(i);
    return value_done();
  }
  bool on_uint64(std::uint64_t u, json::string_view, json::error_code&) {
    stack_.push_uint64(u);
    return value_done();
  }
  bool on_double(double d, json::string_view, json::error_code&) {
    stack_.push_double(d);
    return value_done();
  }
  bool on_bool(bool b, json::error_code&) {
    stack_.push_bool(b);
    return value_done();
  }
  bool on_null(json::error_code&) {
    stack_.push_null();
    return value_done();
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

  json::value release() { return stack_.release(); }
  bool duplicate() const { return duplicate_; }

  /// "rope_scaling.long_factor[3]"; empty at the top.
  std::string path() const {
    std::string path;
    for (const Level& level : levels_) {
      if (level.is_array) {
        path += fmt::format("[{}]", level.index);
      } else if (!level.key.empty()) {
        path += (path.empty() ? "" : ".") + level.key;
      }
    }
    return path;
  }

 private:
  bool value_done() {
    if (levels_.empty()) return true;
    if (levels_.back().is_array) ++levels_.back().index;
    return true;
  }

  DuplicateKeys duplicates_;
  json::value_stack stack_;
  std::vector<Level> levels_;
  std::string key_;
  bool duplicate_ = false;
};

/// "line 3, column 14", both from 1; the column counts bytes.
std::string line_and_column(std::string_view text, size_t offset) {
  std::string_view before = text.substr(0, offset);
  size_t line = 1 + static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  size_t line_start = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  return fmt::format("line {}, column {}", line, offset - line_start + 1);
}

/// Python writes these words, JSON has no such numbers.
bool is_not_a_number(std::string_view rest) {
  for (std::string_view word : {"NaN", "Infinity", "-Infinity", "nan", "inf", "-inf", "aN", "nfinity"}) {
    if (rest.substr(0, word.size()) == word) return true;
  }
  return false;
}

std::string reason(std::string_view text, size_t offset, const json::error_code& ec,
                   const ValueBuilder& builder) {
  if (builder.duplicate()) return "the key occurs twice";
  if (text.empty()) return "the text is empty";
  std::string_view rest = text.substr(std::min(offset, text.size()));
  // The parser stops at the letter after a '-'.
  std::string_view with_sign = offset > 0 && text[offset - 1] == '-' ? text.substr(offset - 1) : rest;
  if (is_not_a_number(rest) || is_not_a_number(with_sign)) return "NaN and Infinity are no JSON numbers";
  if (ec == json::error::incomplete) return "the JSON text ends too early";
  if (ec == json::error::extra_data) return "there is more text after the JSON value";
  if (ec == json::error::too_deep) return "the JSON text is nested more than 32 levels deep";
  return fmt::format("not JSON ({})", ec.message());
}

}  // namespace

json::value parse_json(std::string_view text, std::string_view file, DuplicateKeys duplicates) {
  json::basic_parser<ValueBuilder> parser(json::parse_options{}, duplicates);
  json::error_code ec;
  size_t offset = parser.write_some(false, text.data(), text.size(), ec);
  if (!ec && offset < text.size()) ec = json::error::extra_data;
  if (!ec) return parser.handler().release();
  const ValueBuilder& builder = parser.handler();
  throw Error(ErrorCode::kCorruptData,
              fmt::format("{}, {}", reason(text, offset, ec, builder), line_and_column(text, offset)))
      .file(file)
      .key(builder.path())
      .offset(offset)
      .remedy("mend the file, or fetch it again");
}

json::object parse_json_object(std::string_view text, std::string_view file, DuplicateKeys duplicates) {
  json::value value = parse_json(text, file, duplicates);
  if (value.is_object()) return std::move(value.get_object());
  throw Error(ErrorCode::kCorruptData,
              fmt::format("the JSON text is {}, expected an object", json_kind(value)))
      .file(file)
      .offset(0)
      .remedy("mend the file, or fetch it again");
}

std::string_view json_kind(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "an integer";
    case json::kind::double_:
      return "a number with a fraction";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "an array";
    case json::kind::object:
      return "an object";
  }
  return "unknown";
}

}  // namespace tessera
