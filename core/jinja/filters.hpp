/// The filters of Jinja, with `tojson` as Hugging Face defines it.
#pragma once

#include <map>
#include <string_view>

#include "core/jinja/interpreter.hpp"
#include "core/jinja/value.hpp"

namespace tessera::jinja {

using FilterFunction = Value (*)(Interpreter&, const Value& input, const Arguments&);
using FilterTable = std::map<std::string_view, FilterFunction>;

/// Null when Jinja has none of that name; filters that Jinja has and this folder has not throw Failure when
/// called.
FilterFunction find_filter(std::string_view name);

// One file a group.
const FilterTable& text_filters();
const FilterTable& number_filters();
const FilterTable& sequence_filters();
const FilterTable& selection_filters();

}  // namespace tessera::jinja
