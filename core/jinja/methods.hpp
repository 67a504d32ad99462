/// Methods of Python's built-in types that a sandboxed template may call.
#pragma once

#include <optional>
#include <string_view>

#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// The method bound to `object`; nullopt when its type has none of that name. A method that changes the
/// object is an undefined value whose use fails (the sandbox is immutable); one that is not implemented
/// throws Failure.
std::optional<Value> find_method(const Value& object, std::string_view name);

// One file a type.
using Method = Value (*)(const Value& self, const Arguments& arguments);
Method find_string_method(std::string_view name);
Method find_dict_method(std::string_view name);
Method find_sequence_method(std::string_view name);
Method find_number_method(const Value& self, std::string_view name);

}  // namespace tessera::jinja
