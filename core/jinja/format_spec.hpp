/// Format specifications of Python: what stands behind the colon in "{:>8.2f}".format(x); printf-style
/// formatting uses the same.
#pragma once

#include <string>
#include <string_view>

#include "core/jinja/value.hpp"

namespace tessera::jinja {

struct FormatSpec {
  char32_t fill = ' ';
  char align = '\0';  ///< < > ^ =; '\0': texts left, numbers right
  char sign = '-';    ///< + or space: of positive numbers too
  bool alternate = false;
  int width = 0;
  char grouping = '\0';  ///< , or _
  int precision = -1;    ///< -1: not given
  char type = '\0';
};

/// Throws Failure for what is no specification.
FormatSpec parse_format_spec(std::string_view text);

std::string format_integer(int64_t value, const FormatSpec& spec);
std::string format_float(double value, const FormatSpec& spec);
std::string format_text(std::string_view utf8, const FormatSpec& spec);
/// format(value, spec) of Python. Throws Failure where the value's type has no such format.
std::string format_value(const Value& value, std::string_view spec);

}  // namespace tessera::jinja
