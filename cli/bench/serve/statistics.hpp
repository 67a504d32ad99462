/// What the times of many requests say about a server.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::cli {

/// One request as its client saw it; seconds since the load began.
struct Timeline {
  double submitted = 0;
  std::vector<double> tokens = {};  ///< when each came
  int64_t prompt_tokens = 0;
};

struct Percentiles {
  double p50 = 0, p90 = 0, p99 = 0;
};

/// By nearest rank; all 0 for no samples.
Percentiles percentiles(std::vector<double> samples);

/// From submit to the first token.
std::vector<double> first_token_times(const std::vector<Timeline>& requests);
/// Between two tokens of a request.
std::vector<double> inter_token_times(const std::vector<Timeline>& requests);

/// Tokens a second while `streams` requests, each past its first token and before its last, decode at once:
/// what a decode step of so many rows gives, prompts left out. 0 when there was no such moment.
double decode_rate(const std::vector<Timeline>& requests, int64_t streams);

/// What a request must keep to count as good: seconds to the first token and, in the mean, between two; 0:
/// any.
struct Goal {
  double first_token_s = 0, inter_token_s = 0;
};
/// Requests that kept the goal.
int64_t good_requests(const std::vector<Timeline>& requests, const Goal& goal);

}  // namespace tessera::cli
