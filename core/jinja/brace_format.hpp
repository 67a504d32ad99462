#pragma once

#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// format.format(*arguments) of Python: "{}", "{0}", "{name}", "{0.attribute[key]!r:>8}", "{{". Throws
/// Failure, worded as Python.
std::string brace_format(std::string_view format, const Arguments& arguments);

}  // namespace tessera::jinja
