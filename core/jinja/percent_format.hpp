#pragma once

#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// `format % values` of Python: a tuple gives the values in order, a dict by name ("%(name)s"), anything else
/// is the one value. Throws Failure, worded as Python.
Value percent_format(const Value& format, const Value& values);

}  // namespace tessera::jinja
