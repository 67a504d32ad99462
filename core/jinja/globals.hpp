#pragma once

#include "core/jinja/interpreter.hpp"

namespace tessera::jinja {

/// The functions that every template has: range, dict, namespace, cycler, joiner; raise_exception and
/// strftime_now, which Hugging Face adds.
void define_globals(Interpreter& interpreter, Scope& scope);

}  // namespace tessera::jinja
