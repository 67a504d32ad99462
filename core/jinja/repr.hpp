/// How values print: Python's str(), repr() and type names.
#pragma once

#include <string>
#include <string_view>

#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// str(value): nothing for undefined values.
std::string to_text(const Value& value);
std::string repr(const Value& value);
/// repr of a string: the quotes that need fewer escapes, characters that do not print escaped.
std::string repr_text(std::string_view utf8);
/// The shortest digits that read back as `number`: "1.0", "1e+16", "inf".
std::string float_text(double number);
/// type(value).__name__
std::string type_name(const Value& value);

}  // namespace tessera::jinja
