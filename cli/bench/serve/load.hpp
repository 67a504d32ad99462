/// Requests of arbitrary tokens, sent to a model as clients send them.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "cli/bench/serve/statistics.hpp"
#include "tessera/model.hpp"

namespace tessera::cli {

struct LoadRequest {
  std::vector<int64_t> prompt;
  int64_t max_new_tokens = 1;
};

struct Workload {
  int64_t requests = 1;
  int64_t prompt_tokens = 1, new_tokens = 1;  ///< of a request; the mean when lengths are mixed
  double range_ratio = 0;                     ///< lengths are drawn evenly from [mean (1 - r), mean (1 + r)]
  int64_t shared_prefix = 0;                  ///< of the prompt's tokens, the same in all requests
  uint64_t seed = 0;
};

/// The same workload gives the same requests on every machine. `vocab_size`: ids are below.
std::vector<LoadRequest> make_requests(const Workload& workload, int64_t vocab_size);

/// When requests arrive: seconds from the start of a Poisson process of `rate` a second.
std::vector<double> poisson_arrivals(int64_t requests, double rate, uint64_t seed);

struct LoadResult {
  std::vector<Timeline> requests;
  double seconds = 0;         ///< from the start to the last end
  EngineStatistics counters;  ///< of this load alone; what is going on is as at its end
  int64_t peak_kv_tokens = 0;
};

/// Closed loop: `streams` clients, each sends its next request when the one before has ended. Throws the
/// error of a request, or Error kCancelled.
LoadResult run_closed(AutoModelForCausalLM& model, const std::vector<LoadRequest>& requests, int64_t streams,
                      const GenerateOptions& options, const std::stop_token& cancel);

/// Open loop: request i is sent at `arrivals[i]`, whatever has ended.
LoadResult run_open(AutoModelForCausalLM& model, const std::vector<LoadRequest>& requests,
                    const std::vector<double>& arrivals, const GenerateOptions& options,
                    const std::stop_token& cancel);

/// What running streams feel while one long prompt is taken in, and how fast that goes.
struct IntrusionResult {
  double alone_s = 0;                 ///< to the prompt's first token with nobody beside it
  double beside_s = 0;                ///< the same beside the streams
  std::vector<double> decode_gaps_s;  ///< between two tokens of a stream, without the prompt
  std::vector<double> beside_gaps_s;  ///< and while it is taken in
};

/// `streams` clients decode; a prompt of `prompt_tokens` comes. Other prompts come before, so that the engine
/// knows what steps cost.
IntrusionResult run_intrusion(AutoModelForCausalLM& model, int64_t streams, int64_t prompt_tokens,
                              uint64_t seed, const GenerateOptions& options, const std::stop_token& cancel);

}  // namespace tessera::cli
