/// Python's operators on template values. Each throws Failure, worded as Python's TypeError, for operands
/// that do not go together, and with the message of an undefined value that it meets.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "core/jinja/value.hpp"

namespace tessera::jinja {

bool truthy(const Value& value);
/// `==`: 1, 1.0 and True are equal; lists and tuples are not; undefined values are.
bool equals(const Value& a, const Value& b);
/// `<`.
bool less(const Value& a, const Value& b);
/// `sign` is < <= > or >=.
bool compare_order(std::string_view sign, const Value& a, const Value& b);
/// `item in container`.
bool contains(const Value& container, const Value& item);

Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
Value divide(const Value& a, const Value& b);
Value floor_divide(const Value& a, const Value& b);
/// `%`: the remainder with the divisor's sign, or the formatting of a string.
Value modulo(const Value& a, const Value& b);
Value power(const Value& a, const Value& b);
Value negate(const Value& value);
Value plus(const Value& value);

/// The elements one by one until nullopt: of lists, tuples, keys of dicts, characters of strings, objects
/// that can be iterated; none of undefined values.
std::function<std::optional<Value>()> iterate(const Value& value);
/// All elements at once; an iterator is spent afterwards.
std::vector<Value> to_vector(const Value& value);
/// `len()`.
int64_t length(const Value& value);

/// Throws when the value is undefined.
void require_defined(const Value& value);

}  // namespace tessera::jinja
