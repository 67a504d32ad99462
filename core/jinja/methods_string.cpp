#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/jinja/brace_format.hpp"
#include "core/jinja/failure.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/methods.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

using Optional = std::optional<Value>;

const std::string& text_of(std::string_view method, const Value& value) {
  require_defined(value);
  if (!value.is_string()) throw Failure(fmt::format("{}: must be str, not {}", method, type_name(value)));
  return value.string();
}

int64_t integer_or(const Optional& value, int64_t otherwise) {
  if (!value || value->is_none()) return otherwise;
  require_defined(*value);
  if (!value->is_integral()) {
    throw Failure(fmt::format("'{}' object cannot be interpreted as an integer", type_name(*value)));
  }
  return value->integer();
}

Value texts(std::vector<std::string> parts) {
  std::vector<Value> items;
  items.reserve(parts.size());
  for (std::string& part : parts) items.emplace_back(std::move(part));
  return Value::list(std::move(items));
}

enum class Side { kBoth, kLeft, kRight };

Value stripped(std::string_view method, const Value& self, const Arguments& arguments, Side side) {
  const auto chars = arguments.bind(method, "chars?")[0];
  std::u32string set;
  if (chars && !chars->is_none()) set = code_points(text_of(method, *chars));
  const std::u32string* given = chars && !chars->is_none() ? &set : nullptr;
  std::string_view text = self.string();
  if (side != Side::kRight) text = strip_left(text, given);
  if (side != Side::kLeft) text = strip_right(text, given);
  return Value(text);
}

/// Words between white space; at most `limit` cuts (negative: no limit), from the right if asked.
std::vector<std::string> split_spaces(std::string_view text, int64_t limit, bool from_right) {
  std::vector<std::string> parts;
  if (!from_right) {
    for (text = strip_left(text); !text.empty(); text = strip_left(text)) {
      if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
        parts.emplace_back(strip_right(text));
        break;
      }
      const std::u32string points = code_points(text);
      const auto space = std::find_if(points.begin(), points.end(), is_space);
      const std::string word =
          to_utf8(std::u32string_view(points.data(), static_cast<size_t>(space - points.begin())));
      parts.push_back(word);
      text.remove_prefix(word.size());
    }
    return parts;
  }
  for (text = strip_right(text); !text.empty(); text = strip_right(text)) {
    if (limit >= 0 && static_cast<int64_t>(parts.size()) == limit) {
      parts.emplace_back(strip_left(text));
      break;
    }
    const std::u32string points = code_points(text);
    const auto space = std::find_if(points.rbegin(), points.rend(), is_space);
    const std::string word = to_utf8(
        std::u32string_view(points).substr(points.size() - static_cast<size_t>(space - points.rbegin())));
    parts.push_back(word);
    text.remove_suffix(word.size());
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

std::vector<std::string> split_by(std::string_view text, std::string_view separator, int64_t limit,
                                  bool from_right) {
  if (separator.empty()) throw Failure("empty separator");
  std::vector<std::string> parts;
  while (limit < 0 || static_cast<int64_t>(parts.size()) < limit) {
    const size_t at = from_right ? text.rfind(separator) : text.find(separator);
    if (at == text.npos) break;
    if (from_right) {
      parts.emplace_back(text.substr(at + separator.size()));
      text = text.substr(0, at);
    } else {
      parts.emplace_back(text.substr(0, at));
      text = text.substr(at + separator.size());
    }
  }
  parts.emplace_back(text);
  if (from_right) std::reverse(parts.begin(), parts.end());
  return parts;
}

Value split(std::string_view method, const Value& self, const Arguments& arguments, bool from_right) {
  const auto args = arguments.bind(method, "sep? maxsplit?");
  const int64_t limit = integer_or(args[1], -1);
  if (!args[0] || args[0]->is_none()) {
    // Word by word over the whole rest: bounded, or a long text of one-letter words takes for ever.
    std::vector<std::string> parts;
    if (limit >= 0) return texts(split_spaces(self.string(), limit, from_right));
    std::u32string word;
    for (const char32_t c : code_points(self.string())) {
      if (!is_space(c)) {
        word += c;
      } else if (!word.empty()) {
        parts.push_back(to_utf8(std::exchange(word, {})));
      }
    }
    if (!word.empty()) parts.push_back(to_utf8(word));
    return texts(std::move(parts));
  }
  return texts(split_by(self.string(), text_of(method, *args[0]), limit, from_right));
}

/// The code points of the text that start..stop (as a slice) enclose, and where they start.
struct Window {
  std::u32string text;
  int64_t start;
  bool valid;  ///< start is not behind the end
};

Window window(const Value& self, const Optional& start, const Optional& stop) {
  const std::u32string text = code_points(self.string());
  const auto size = static_cast<int64_t>(text.size());
  const auto clamp = [&](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size + 1);
  };
  const int64_t first = clamp(integer_or(start, 0)), last = std::min(clamp(integer_or(stop, size)), size);
  if (first > last) return {{}, first, false};
  return {text.substr(static_cast<size_t>(first), static_cast<size_t>(last - first)), first, true};
}

int64_t find_text(std::string_view method, const Value& self, const Arguments& arguments, bool from_right) {
  const auto args = arguments.bind(method, "sub start? end?");
  const std::u32string wanted = code_points(text_of(method, *args[0]));
  const Window inside = window(self, args[1], args[2]);
  if (!inside.valid) return -1;
  const size_t at = from_right ? inside.text.rfind(wanted) : inside.text.find(wanted);
  return at == std::u32string::npos ? -1 : inside.start + static_cast<int64_t>(at);
}

Value index_of(std::string_view method, const Value& self, const Arguments& arguments, bool from_right) {
  const int64_t at = find_text(method, self, arguments, from_right);
  if (at < 0) throw Failure("substring not found");
  return at;
}

Value has_affix(std::string_view method, const Value& self, const Arguments& arguments, bool at_end) {
  const auto args = arguments.bind(method, "prefix start? end?");
  const Window inside = window(self, args[1], args[2]);
  require_defined(*args[0]);
  if (!args[0]->is_string() && !args[0]->is(Kind::kTuple)) {
    throw Failure(
        fmt::format("{} first arg must be str or a tuple of str, not {}", method, type_name(*args[0])));
  }
  const std::vector<Value> affixes = args[0]->is_string() ? std::vector<Value>{*args[0]} : args[0]->items();
  for (const Value& affix : affixes) {
    const std::u32string wanted = code_points(text_of(method, affix));
    if (inside.valid && (at_end ? inside.text.ends_with(wanted) : inside.text.starts_with(wanted)))
      return true;
  }
  return false;
}

Value replaced(const Value& self, const Arguments& arguments) {
  const auto args = arguments.bind("replace", "old new count?");
  return replace_text(self.string(), text_of("replace", *args[0]), text_of("replace", *args[1]),
                      integer_or(args[2], -1));
}

Value partition(std::string_view method, const Value& self, const Arguments& arguments, bool from_right) {
  const std::string separator = text_of(method, *arguments.bind(method, "sep")[0]);
  if (separator.empty()) throw Failure("empty separator");
  const std::string& text = self.string();
  const size_t at = from_right ? text.rfind(separator) : text.find(separator);
  if (at == text.npos) {
    return from_right ? Value::tuple({"", "", self}) : Value::tuple({self, "", ""});
  }
  return Value::tuple({text.substr(0, at), separator, text.substr(at + separator.size())});
}

Value justified(std::string_view method, const Value& self, const Arguments& arguments, Side side) {
  const auto args = arguments.bind(method, "width fillchar?");
  const std::string fill = args[1] ? text_of(method, *args[1]) : " ";
  if (count_code_points(fill) != 1) throw Failure("The fill character must be exactly one character long");
  const int64_t missing = integer_or(args[0], 0) - count_code_points(self.string());
  if (missing <= 0) return self;
  check_size(static_cast<size_t>(missing), fill.size());
  // Python's center: the odd one goes left when the width is odd.
  const int64_t centered = missing / 2 + (missing & integer_or(args[0], 0) & 1);
  const int64_t left = side == Side::kLeft ? 0 : side == Side::kRight ? missing : centered;
  std::string out;
  for (int64_t i = 0; i < left; ++i) out += fill;
  out += self.string();
  for (int64_t i = left; i < missing; ++i) out += fill;
  return out;
}

Value title_case(const Value& self, const Arguments&) {
  std::u32string out, word;
  const auto flush = [&] { out += capitalize(std::exchange(word, {})); };
  for (const char32_t c : code_points(self.string())) {
    const bool cased = is_upper(c) || is_lower(c) || is_title(c);
    if (cased) {
      word += c;
    } else {
      flush();
      out += c;
    }
  }
  flush();
  return to_utf8(out);
}

Value swap_case(const Value& self, const Arguments&) {
  std::u32string out;
  for (const char32_t c : code_points(self.string())) {
    const std::u32string_view one(&c, 1);
    out += is_upper(c) ? lower(one) : is_lower(c) ? upper(one) : std::u32string(one);
  }
  return to_utf8(out);
}

Value zero_filled(const Value& self, const Arguments& arguments) {
  const int64_t width = integer_or(arguments.bind("zfill", "width")[0], 0);
  const int64_t missing = width - count_code_points(self.string());
  if (missing <= 0) return self;
  check_size(static_cast<size_t>(missing), 1);
  const std::string& text = self.string();
  const size_t sign = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  return text.substr(0, sign) + std::string(static_cast<size_t>(missing), '0') + text.substr(sign);
}

Value expanded_tabs(const Value& self, const Arguments& arguments) {
  const int64_t size = std::min<int64_t>(integer_or(arguments.bind("expandtabs", "tabsize?")[0], 8), 1000);
  std::u32string out;
  int64_t column = 0;
  for (const char32_t c : code_points(self.string())) {
    if (c == '\t') {
      const int64_t count = size > 0 ? size - column % size : 0;
      out.append(static_cast<size_t>(count), U' ');
      column += count;
    } else {
      out += c;
      column = c == '\n' || c == '\r' ? 0 : column + 1;
    }
  }
  return to_utf8(out);
}

Value joined(const Value& self, const Arguments& arguments) {
  std::string out;
  int64_t index = 0;
  for (const Value& item : to_vector(*arguments.bind("join", "iterable")[0])) {
    if (!item.is_string()) {
      throw Failure(fmt::format("sequence item {}: expected str instance, {} found", index, type_name(item)));
    }
    if (index++ > 0) out += self.string();
    out += item.string();
    check_size(out.size(), 1);
  }
  return out;
}

bool all_of(const Value& self, bool (*is)(char32_t)) {
  const std::u32string text = code_points(self.string());
  return !text.empty() && std::all_of(text.begin(), text.end(), is);
}

bool is_title_cased(const Value& self) {
  bool any = false, previous_cased = false;
  for (const char32_t c : code_points(self.string())) {
    const bool big = is_upper(c) || is_title(c), small = is_lower(c);
    if ((big && previous_cased) || (small && !previous_cased)) return false;
    previous_cased = big || small;
    any |= previous_cased;
  }
  return any;
}

bool is_identifier(const Value& self) {
  const std::u32string text = code_points(self.string());
  return !text.empty() && (text[0] == '_' || is_letter(text[0])) &&
         std::all_of(text.begin(), text.end(), is_word);
}

const std::map<std::string_view, Method>& string_methods() {
  static const std::map<std::string_view, Method> kMethods{
      {"strip", [](const Value& s, const Arguments& a) { return stripped("strip", s, a, Side::kBoth); }},
      {"lstrip", [](const Value& s, const Arguments& a) { return stripped("lstrip", s, a, Side::kLeft); }},
      {"rstrip", [](const Value& s, const Arguments& a) { return stripped("rstrip", s, a, Side::kRight); }},
      {"split", [](const Value& s, const Arguments& a) { return split("split", s, a, false); }},
      {"rsplit", [](const Value& s, const Arguments& a) { return split("rsplit", s, a, true); }},
      {"splitlines",
       [](const Value& s, const Arguments& a) {
         const auto keep = a.bind("splitlines", "keepends?")[0];
         return texts(split_lines(s.string(), keep && truthy(*keep)));
       }},
      {"startswith", [](const Value& s, const Arguments& a) { return has_affix("startswith", s, a, false); }},
      {"endswith", [](const Value& s, const Arguments& a) { return has_affix("endswith", s, a, true); }},
      {"removeprefix",
       [](const Value& s, const Arguments& a) {
         const std::string& prefix = text_of("removeprefix", *a.bind("removeprefix", "prefix")[0]);
         return s.string().starts_with(prefix) ? Value(s.string().substr(prefix.size())) : s;
       }},
      {"removesuffix",
       [](const Value& s, const Arguments& a) {
         const std::string& suffix = text_of("removesuffix", *a.bind("removesuffix", "suffix")[0]);
         return s.string().ends_with(suffix) ? Value(s.string().substr(0, s.string().size() - suffix.size()))
                                             : s;
       }},
      {"find", [](const Value& s, const Arguments& a) { return Value(find_text("find", s, a, false)); }},
      {"rfind", [](const Value& s, const Arguments& a) { return Value(find_text("rfind", s, a, true)); }},
      {"index", [](const Value& s, const Arguments& a) { return index_of("index", s, a, false); }},
      {"rindex", [](const Value& s, const Arguments& a) { return index_of("rindex", s, a, true); }},
      {"count",
       [](const Value& s, const Arguments& a) {
         const auto args = a.bind("count", "sub start? end?");
         const std::u32string wanted = code_points(text_of("count", *args[0]));
         const Window inside = window(s, args[1], args[2]);
         if (!inside.valid) return Value(int64_t{0});
         if (wanted.empty()) return Value(static_cast<int64_t>(inside.text.size()) + 1);
         int64_t count = 0;
         for (size_t at = inside.text.find(wanted); at != std::u32string::npos;
              at = inside.text.find(wanted, at + wanted.size())) {
           ++count;
         }
         return Value(count);
       }},
      {"replace", replaced},
      {"partition", [](const Value& s, const Arguments& a) { return partition("partition", s, a, false); }},
      {"rpartition", [](const Value& s, const Arguments& a) { return partition("rpartition", s, a, true); }},
      {"join", joined},
      {"format", [](const Value& s, const Arguments& a) { return Value(brace_format(s.string(), a)); }},
      {"format_map",
       [](const Value& s, const Arguments& a) {
         Arguments named;
         const Value map = *a.bind("format_map", "mapping")[0];
         if (!map.is_dict()) throw Failure("format_map: expected a mapping");
         for (const auto& [key, value] : map.dict().entries()) named.named.emplace_back(to_text(key), value);
         return Value(brace_format(s.string(), named));
       }},
      {"upper",
       [](const Value& s, const Arguments&) { return Value(to_utf8(upper(code_points(s.string())))); }},
      {"lower",
       [](const Value& s, const Arguments&) { return Value(to_utf8(lower(code_points(s.string())))); }},
      {"casefold",
       [](const Value& s, const Arguments&) { return Value(to_utf8(lower(code_points(s.string())))); }},
      {"capitalize",
       [](const Value& s, const Arguments&) { return Value(to_utf8(capitalize(code_points(s.string())))); }},
      {"title", title_case},
      {"swapcase", swap_case},
      {"center", [](const Value& s, const Arguments& a) { return justified("center", s, a, Side::kBoth); }},
      {"ljust", [](const Value& s, const Arguments& a) { return justified("ljust", s, a, Side::kLeft); }},
      {"rjust", [](const Value& s, const Arguments& a) { return justified("rjust", s, a, Side::kRight); }},
      {"zfill", zero_filled},
      {"expandtabs", expanded_tabs},
      {"isalpha", [](const Value& s, const Arguments&) { return Value(all_of(s, is_letter)); }},
      {"isdigit", [](const Value& s, const Arguments&) { return Value(all_of(s, is_digit)); }},
      {"isdecimal", [](const Value& s, const Arguments&) { return Value(all_of(s, is_decimal)); }},
      {"isnumeric", [](const Value& s, const Arguments&) { return Value(all_of(s, is_numeric)); }},
      {"isspace", [](const Value& s, const Arguments&) { return Value(all_of(s, is_space)); }},
      {"isalnum",
       [](const Value& s, const Arguments&) {
         return Value(all_of(s, [](char32_t c) { return is_letter(c) || is_digit(c) || is_numeric(c); }));
       }},
      {"isascii",
       [](const Value& s, const Arguments&) {
         return Value(
             std::all_of(s.string().begin(), s.string().end(), [](char c) { return (c & 0x80) == 0; }));
       }},
      {"isprintable",
       [](const Value& s, const Arguments&) { return Value(s.string().empty() || all_of(s, is_printable)); }},
      {"isupper", [](const Value& s, const Arguments&) { return Value(is_upper_cased(s.string())); }},
      {"islower", [](const Value& s, const Arguments&) { return Value(is_lower_cased(s.string())); }},
      {"istitle", [](const Value& s, const Arguments&) { return Value(is_title_cased(s)); }},
      {"isidentifier", [](const Value& s, const Arguments&) { return Value(is_identifier(s)); }},
  };
  return kMethods;
}

}  // namespace

Method find_string_method(std::string_view name) {
  const auto it = string_methods().find(name);
  return it == string_methods().end() ? nullptr : it->second;
}

}  // namespace tessera::jinja
