/// object.name, object[key], object[a:b:c], as Jinja's sandboxed environment resolves them. What is not there
/// is an undefined value; only an undefined object fails.
#pragma once

#include <string_view>

#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// Python's attribute (a method) first, then the element of that name.
Value get_attribute(const Value& object, std::string_view name);
/// The element first, then, for a text key, the attribute.
Value get_item(const Value& object, const Value& key);
/// A bound that is None is not given.
Value get_slice(const Value& object, const Value& start, const Value& stop, const Value& step);

/// Attribute getter of filters: "a.b.0" goes three steps down; an integer is one step.
Value get_path(const Value& object, const Value& path);

}  // namespace tessera::jinja
