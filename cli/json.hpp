/// JSON values for --json: Boost.JSON, one value and a newline on stdout.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include "tessera/generate.hpp"

namespace tessera::cli {

/// Prints `value` and a newline.
void write_json(const boost::json::value& value);

boost::json::value to_json(const std::vector<int64_t>& numbers);
boost::json::value to_json(const std::vector<std::string>& texts);
/// {"prompt_tokens", "tokens", "text", "finish_reason", "metrics"}, and "seed" and "logprobs" where there are
/// any
boost::json::value to_json(const GenerateResult& result);

}  // namespace tessera::cli
