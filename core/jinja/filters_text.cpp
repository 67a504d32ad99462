#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/jinja/failure.hpp"
#include "core/jinja/filters.hpp"
#include "core/jinja/json.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/markup.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/percent_format.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/unicode_text.hpp"

namespace tessera::jinja {
namespace {

int64_t integer_or(const std::optional<Value>& value, int64_t otherwise) {
  if (!value || value->is_none()) return otherwise;
  require_defined(*value);
  if (!value->is_integral()) throw Failure(fmt::format("expected an integer, not '{}'", type_name(*value)));
  return value->integer();
}

bool is_set(const std::optional<Value>& value) {
  return value && truthy(*value);
}

const std::string& string_of(const Value& value) {
  require_defined(value);
  if (!value.is_string()) throw Failure(fmt::format("expected a string, not '{}'", type_name(value)));
  return value.string();
}

Value trim(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("trim", "chars?");
  const std::string text = to_text(input);
  std::u32string chars;
  const bool given = args[0] && !args[0]->is_none();
  if (given) chars = code_points(string_of(*args[0]));
  const std::u32string* set = given ? &chars : nullptr;
  return Value(strip_right(strip_left(text, set), set));
}

Value title(Interpreter&, const Value& input, const Arguments&) {
  std::u32string out, word;
  // Each word: first letter in upper case (not title case), the rest in lower case.
  const auto flush = [&] {
    if (word.empty()) return;
    out += upper(std::u32string_view(word).substr(0, 1)) + lower(std::u32string_view(word).substr(1));
    word.clear();
  };
  for (const char32_t c : code_points(to_text(input))) {
    if (is_space(c) || std::u32string_view(U"-({[<").find(c) != std::u32string_view::npos) {
      flush();
      out += c;
    } else {
      word += c;
    }
  }
  flush();
  return to_utf8(out);
}

Value replace(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("replace", "old new count?");
  return replace_text(to_text(input), to_text(*args[0]), to_text(*args[1]), integer_or(args[2], -1));
}

Value indent(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("indent", "width? first? blank?");
  const std::string indention =
      args[0] && args[0]->is_string()
          ? args[0]->string()
          : std::string(static_cast<size_t>(std::clamp<int64_t>(integer_or(args[0], 4), 0, 1000)), ' ');
  const std::vector<std::string> lines = split_lines(string_of(input) + "\n");
  std::string out = is_set(args[1]) ? indention : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n" + (lines[i].empty() && !is_set(args[2]) ? "" : indention);
    out += lines[i];
    check_size(out.size(), 1);
  }
  return out;
}

Value truncate(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("truncate", "length? killwords? end? leeway?");
  const std::u32string text = code_points(string_of(input));
  const std::string end = args[2] ? string_of(*args[2]) : "...";
  const int64_t length = integer_or(args[0], 255), leeway = integer_or(args[3], 5),
                size = count_code_points(end);
  if (length < size) throw Failure(fmt::format("expected length >= {}, got {}", size, length));
  if (static_cast<int64_t>(text.size()) <= length + leeway) return input;
  std::string kept = to_utf8(std::u32string_view(text).substr(0, static_cast<size_t>(length - size)));
  if (!is_set(args[1])) kept = kept.substr(0, kept.rfind(' '));
  return kept + end;
}

Value center(Interpreter&, const Value& input, const Arguments& a) {
  const int64_t width = integer_or(a.bind("center", "width?")[0], 80);
  const std::string text = to_text(input);
  const int64_t missing = width - count_code_points(text);
  if (missing <= 0) return text;
  check_size(static_cast<size_t>(missing), 1);
  const auto left = static_cast<size_t>(missing / 2 + (missing & width & 1));
  return std::string(left, ' ') + text + std::string(static_cast<size_t>(missing) - left, ' ');
}

Value word_count(Interpreter&, const Value& input, const Arguments&) {
  int64_t count = 0;
  bool inside = false;
  for (const char32_t c : code_points(to_text(input))) {
    if (is_word(c) && !inside) ++count;
    inside = is_word(c);
  }
  return count;
}

Value format(Interpreter&, const Value& input, const Arguments& a) {
  if (!a.positional.empty() && !a.named.empty()) {
    throw Failure("can't handle positional and keyword arguments at the same time");
  }
  if (a.named.empty()) return percent_format(Value(to_text(input)), Value::tuple(a.positional));
  std::vector<std::pair<Value, Value>> names;
  for (const auto& [name, value] : a.named) names.emplace_back(name, value);
  return percent_format(Value(to_text(input)), Value::dict(std::move(names)));
}

Value escape(Interpreter&, const Value& input, const Arguments&) {
  if (input.is_string() && input.text().markup) return input;
  return Text{escape_markup(to_text(input)), true};
}

Value force_escape(Interpreter&, const Value& input, const Arguments&) {
  return Text{escape_markup(to_text(input)), true};
}

Value safe(Interpreter&, const Value& input, const Arguments&) {
  return Text{to_text(input), true};
}

Value strip_tags(Interpreter&, const Value& input, const Arguments&) {
  std::string text = to_text(input), out;
  for (size_t open = text.find("<!--"); open != text.npos; open = text.find("<!--")) {
    const size_t end = text.find("-->", open);
    if (end == text.npos) break;
    text.erase(open, end + 3 - open);
  }
  for (size_t open = text.find('<'); open != text.npos; open = text.find('<')) {
    const size_t end = text.find('>', open);
    if (end == text.npos) break;
    text.erase(open, end + 1 - open);
  }
  bool space = false;
  for (const char32_t c : code_points(text)) {
    if (is_space(c)) {
      space = true;
      continue;
    }
    if (space && !out.empty()) out += ' ';
    space = false;
    append_code_point(out, c);
  }
  // The entities that escape() writes; others stay.
  for (const auto& [entity, character] :
       {std::pair("&lt;", "<"), std::pair("&gt;", ">"), std::pair("&#34;", "\""), std::pair("&#39;", "'"),
        std::pair("&quot;", "\""), std::pair("&amp;", "&")}) {
    out = replace_text(out, entity, character);
  }
  return out;
}

std::string url_quoted(std::string_view text, bool query) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("_.-~").find(c) != std::string_view::npos || (c == '/' && !query);
    if (plain) {
      out += c;
    } else if (c == ' ' && query) {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

Value url_encode(Interpreter&, const Value& input, const Arguments&) {
  if (!input.is_dict() && !input.is_sequence()) return url_quoted(to_text(input), false);
  std::string out;
  std::vector<Value> pairs;
  if (input.is_dict()) {
    for (const auto& [key, value] : input.dict().entries()) pairs.push_back(Value::tuple({key, value}));
  } else {
    pairs = input.items();
  }
  for (const Value& pair : pairs) {
    const std::vector<Value> parts = to_vector(pair);
    if (parts.size() != 2) throw Failure("urlencode: expected pairs");
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", url_quoted(to_text(parts[0]), true),
                       url_quoted(to_text(parts[1]), true));
  }
  return out;
}

Value xml_attributes(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("xmlattr", "autospace?");
  if (!input.is_dict()) throw Failure(fmt::format("'{}' object has no attribute 'items'", type_name(input)));
  std::string out;
  for (const auto& [key, value] : input.dict().entries()) {
    if (value.is_none() || value.is_undefined()) continue;
    const std::string name = to_text(key);
    if (name.find_first_of(" \t\n\r\f\v/>=") != name.npos) {
      throw Failure(fmt::format("Invalid character in attribute name: {}", repr(key)));
    }
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : " ", escape_markup(name),
                       escape_markup(to_text(value)));
  }
  if (!out.empty() && (!args[0] || truthy(*args[0]))) out.insert(0, " ");
  return out;
}

/// As transformers defines it: no HTML escapes, Unicode kept unless ensure_ascii.
Value to_json_filter(Interpreter&, const Value& input, const Arguments& a) {
  const auto args = a.bind("tojson", "ensure_ascii? indent? separators? sort_keys?");
  JsonOptions options;
  options.ensure_ascii = is_set(args[0]);
  options.sort_keys = is_set(args[3]);
  if (args[1] && !args[1]->is_none()) {
    options.indented = true;
    options.item_separator = ",";
    options.indent =
        args[1]->is_string()
            ? args[1]->string()
            : std::string(static_cast<size_t>(std::clamp<int64_t>(integer_or(args[1], 0), 0, 1000)), ' ');
  }
  if (args[2] && !args[2]->is_none()) {
    const std::vector<Value> separators = to_vector(*args[2]);
    if (separators.size() != 2) throw Failure("separators: expected a pair");
    options.item_separator = string_of(separators[0]);
    options.key_separator = string_of(separators[1]);
  }
  return to_json(input, options);
}

}  // namespace

const FilterTable& text_filters() {
  static const FilterTable kFilters{
      {"capitalize", [](Interpreter&, const Value& v,
                        const Arguments&) { return Value(to_utf8(capitalize(code_points(to_text(v))))); }},
      {"center", center},
      {"e", escape},
      {"escape", escape},
      {"forceescape", force_escape},
      {"format", format},
      {"indent", indent},
      {"lower", [](Interpreter&, const Value& v,
                   const Arguments&) { return Value(to_utf8(lower(code_points(to_text(v))))); }},
      {"replace", replace},
      {"safe", safe},
      {"string",
       [](Interpreter&, const Value& v, const Arguments&) { return v.is_string() ? v : Value(to_text(v)); }},
      {"striptags", strip_tags},
      {"title", title},
      {"tojson", to_json_filter},
      {"trim", trim},
      {"truncate", truncate},
      {"upper", [](Interpreter&, const Value& v,
                   const Arguments&) { return Value(to_utf8(upper(code_points(to_text(v))))); }},
      {"urlencode", url_encode},
      {"wordcount", word_count},
      {"xmlattr", xml_attributes},
  };
  return kFilters;
}

}  // namespace tessera::jinja
