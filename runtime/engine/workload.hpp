/// Requests for the simulator and for benchmarks: made from a seed or read from a file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::engine {

struct WorkloadRequest {
  double arrival_s = 0;
  int64_t prompt_tokens = 1;
  int64_t max_new_tokens = 1;  ///< what it asks for
  int64_t new_tokens = 1;      ///< what it emits until its end token; at most max_new_tokens
  std::string tenant = {};
  int32_t priority = 0;
  double cancel_s = -1;  ///< when its caller loses patience; -1: never
};

struct WorkloadOptions {
  uint64_t seed = 1;
  int64_t requests = 100;
  double rate = 0;  ///< arrivals per second, exponential gaps (a Poisson process); 0: all at once
  int64_t least_prompt = 1, most_prompt = 512;  ///< log-uniform: many short ones, a few long
  int64_t least_new = 1, most_new = 128;        ///< of max_new_tokens, log-uniform
  double early_end = 0.5;                       ///< share of requests that end before max_new_tokens
  int64_t tenants = 1;
  int32_t priorities = 1;  ///< 0 .. priorities - 1
  double cancelled = 0;    ///< share of requests that are cancelled within a minute
};

/// The same options give the same requests on every machine. In order of arrival.
std::vector<WorkloadRequest> make_workload(const WorkloadOptions& options);

/// JSON Lines: objects with the members of WorkloadRequest by name (all but prompt_tokens may be left out;
/// new_tokens then is max_new_tokens). Throws Error kCorruptData naming the line and the key.
std::vector<WorkloadRequest> parse_workload(std::string_view json_lines);

}  // namespace tessera::engine
