/// Many requests from a list into an output, as fast as the engine takes them.
#pragma once

#include <cstdint>

#include "cli/run/request_list.hpp"
#include "cli/run/result_output.hpp"
#include "tessera/model.hpp"

namespace tessera::cli {

struct RunSummary {
  uint64_t requests = 0, earlier = 0, failed = 0;  ///< in all, finished by an earlier run, ended by an error
  uint64_t tokens = 0;                             ///< generated in this run
  uint64_t prompt_tokens = 0;                      ///< of the requests that ended in this run
  double seconds = 0;
};

/// Runs what `output` does not have yet; a line of the output is {"index", "id", "tokens", "text",
/// "finish_reason", "error", "metrics"} and "seed" and "logprobs" where there are any. What is wrong with one
/// request is its own line with finish_reason "error". Throws Error: kCancelled (Ctrl-C), kIo (output), what
/// broke the engine; `output` then has what was finished.
RunSummary run_requests(const Config& config, AutoModelForCausalLM& model,
                        const std::vector<RawRequest>& requests, ResultOutput& output);

}  // namespace tessera::cli
