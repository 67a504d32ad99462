/// The requests of a run as they were written.
#pragma once

#include <string>
#include <vector>

#include "core/config/config.hpp"

namespace tessera::cli {

struct RawRequest {
  std::string text;   ///< should be a JSON object
  std::string where;  ///< "in.jsonl, line 3"
};

/// Lines of `requests_file` that are not blank, or the list `requests`, or the prompts of the section
/// generate: whichever has the highest origin. Whether they make sense is found out one by one. Throws
/// UsageError (none, or two kinds at once) or Error (file missing).
std::vector<RawRequest> read_requests(const Config& config);

}  // namespace tessera::cli
