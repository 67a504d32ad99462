#include "core/jinja/brace_format.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/jinja/failure.hpp"
#include "core/jinja/format_spec.hpp"
#include "core/jinja/limits.hpp"
#include "core/jinja/operators.hpp"
#include "core/jinja/repr.hpp"
#include "core/jinja/subscript.hpp"

namespace tessera::jinja {
namespace {

std::optional<int64_t> whole_number(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || text[0] == '-')
    return std::nullopt;
  return number;
}

class BraceFormat {
 public:
  BraceFormat(const Arguments& arguments, int depth) : arguments_(arguments), depth_(depth) {}

  std::string run(std::string_view format) {
    std::string out;
    for (size_t at = 0; at < format.size(); ++at) {
      const char c = format[at];
      const bool doubled = at + 1 < format.size() && format[at + 1] == c;
      if ((c == '{' || c == '}') && doubled) {
        out += c;
        ++at;
      } else if (c == '}') {
        throw Failure("Single '}' encountered in format string");
      } else if (c == '{') {
        const size_t end = closing_brace(format, at);
        out += field(format.substr(at + 1, end - at - 1));
        at = end;
      } else {
        out += c;
      }
      check_size(out.size(), 1);
    }
    return out;
  }

 private:
  static size_t closing_brace(std::string_view format, size_t open) {
    int depth = 0;
    for (size_t at = open; at < format.size(); ++at) {
      if (format[at] == '{') ++depth;
      if (format[at] == '}' && --depth == 0) return at;
    }
    throw Failure("expected '}' before end of string");
  }

  std::string field(std::string_view text) {
    size_t end = 0;
    for (bool inside = false; end < text.size(); ++end) {
      if (text[end] == '[') inside = true;
      if (text[end] == ']') inside = false;
      if (!inside && (text[end] == '!' || text[end] == ':')) break;
    }
    Value value = lookup(text.substr(0, end));
    std::string_view rest = text.substr(end);
    if (!rest.empty() && rest[0] == '!') {
      const char conversion = rest.size() > 1 ? rest[1] : '\0';
      if (conversion != 'r' && conversion != 's' && conversion != 'a') {
        throw Failure(fmt::format("Unknown conversion specifier '{}'", conversion));
      }
      value = conversion == 's' ? to_text(value) : repr(value);
      rest.remove_prefix(2);
    }
    if (rest.empty()) return format_value(value, "");
    if (rest[0] != ':') throw Failure("expected ':' after conversion specifier");
    if (depth_ == 0) throw Failure("Max string recursion exceeded");
    BraceFormat inner(arguments_, depth_ - 1);
    inner.automatic_ = automatic_;
    const std::string spec = inner.run(rest.substr(1));
    automatic_ = inner.automatic_;
    return format_value(value, spec);
  }

  Value lookup(std::string_view path) {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    Value value = argument(path.substr(0, end));
    for (std::string_view rest = path.substr(end); !rest.empty();) {
      if (rest[0] == '.') {
        const size_t stop = std::min(rest.find_first_of(".[", 1), rest.size());
        value = get_attribute(value, rest.substr(1, stop - 1));
        rest = rest.substr(stop);
      } else {
        const size_t stop = rest.find(']');
        if (rest[0] != '[' || stop == rest.npos) throw Failure("Missing ']' in format string");
        const std::string_view key = rest.substr(1, stop - 1);
        const auto index = whole_number(key);
        value = get_item(value, index ? Value(*index) : Value(key));
        rest = rest.substr(stop + 1);
      }
    }
    return value;
  }

  Value argument(std::string_view name) {
    auto index = whole_number(name);
    if (name.empty()) index = automatic_++;
    if (index) {
      if (static_cast<size_t>(*index) >= arguments_.positional.size()) {
        throw Failure(fmt::format("Replacement index {} out of range for positional args tuple", *index));
      }
      return arguments_.positional[static_cast<size_t>(*index)];
    }
    for (const auto& [key, value] : arguments_.named) {
      if (key == name) return value;
    }
    throw Failure(repr_text(name));
  }

  const Arguments& arguments_;
  int depth_;
  int64_t automatic_ = 0;
};

}  // namespace

std::string brace_format(std::string_view format, const Arguments& arguments) {
  return BraceFormat(arguments, 1).run(format);
}

}  // namespace tessera::jinja
