/// The tests of Jinja: what may stand behind `is`.
#pragma once

#include <string_view>

#include "core/jinja/interpreter.hpp"
#include "core/jinja/value.hpp"

namespace tessera::jinja {

using TestFunction = bool (*)(Interpreter&, const Value& input, const Arguments&);

/// Null when Jinja has none of that name.
TestFunction find_test(std::string_view name);

}  // namespace tessera::jinja
