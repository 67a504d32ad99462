/// How far a run is, as text.
#pragma once

#include <cstdint>
#include <string>

namespace tessera::cli {

struct RunProgress {
  uint64_t done = 0, total = 0;  ///< requests
  uint64_t earlier = 0;          ///< of `done`, finished by an earlier run
  uint64_t tokens = 0;           ///< generated in this run
  double seconds = 0;            ///< since this run began
};

/// "37/100 requests, 412 tokens/s, 1:23 left"; no time before the first request of this run is done.
std::string to_string(const RunProgress& progress);

}  // namespace tessera::cli
