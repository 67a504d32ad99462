/// JSON Lines: one value a line.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <string>
#include <string_view>

namespace tessera::cli {

/// Calls `use` with the value of each line of `bytes` that is not blank, and where it stands ("texts.jsonl,
/// line 3"). Throws Error kCorruptData naming `file` and the line.
void for_each_json_line(std::string_view bytes, const std::string& file,
                        const std::function<void(const boost::json::value&, const std::string& where)>& use);

}  // namespace tessera::cli
