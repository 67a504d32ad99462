/// JSON and template values.
#pragma once

#include <string>
#include <string_view>

#include "core/jinja/value.hpp"

namespace tessera::jinja {

/// Reads JSON as Python's json.loads: 1 is an integer and 1.0 a float, integers of any length, order of keys
/// kept, the last of equal keys counts. `file` names the text in errors. Throws tessera::Error kCorruptData
/// with the byte offset (a lone surrogate is an error: it is no character).
Value from_json(std::string_view text, std::string_view file);

struct JsonOptions {
  bool ensure_ascii = false;
  bool sort_keys = false;
  bool indented = false;
  std::string indent;  ///< of one level, where `indented`
  std::string item_separator = ", ";
  std::string key_separator = ": ";
};

/// Writes JSON as Python's json.dumps. Throws Failure for what is no JSON.
std::string to_json(const Value& value, const JsonOptions& options = {});

}  // namespace tessera::jinja
