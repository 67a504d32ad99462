#pragma once

#include <string>
#include <string_view>

namespace tessera::jinja {

/// The text of a string literal, escapes of Python resolved; an unknown escape stays as it is. Throws Failure
/// for a broken escape, and for one that names half a surrogate pair.
std::string resolve_escapes(std::string_view literal);

}  // namespace tessera::jinja
