/// JSON texts of a checkpoint folder (config.json, the index, ...), read strictly and with errors that say
/// where.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string_view>

namespace tessera {

/// What a key that occurs twice in one object means. Python's json lets the last one win without a word; so
/// it is for the configs that people edit. Where two answers would be two models (a weight map) it is an
/// error.
enum class DuplicateKeys { kLastWins, kError };

/// Parses RFC 8259 JSON: UTF-8, one value, no comments, no NaN or Infinity, at most 32 levels.
/// `file` only names the text in errors. Throws Error kCorruptData with file, key ("rope_scaling.factor"),
/// byte offset, line and column. Any thread.
boost::json::value parse_json(std::string_view text, std::string_view file,
                              DuplicateKeys duplicates = DuplicateKeys::kLastWins);

/// The same for a text whose top level must be an object.
boost::json::object parse_json_object(std::string_view text, std::string_view file,
                                      DuplicateKeys duplicates = DuplicateKeys::kLastWins);

/// "a string", "an array", ...: for messages of the kind "eos_token_id is a string, expected an integer".
std::string_view json_kind(const boost::json::value& value);

}  // namespace tessera
