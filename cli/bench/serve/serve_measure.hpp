/// What `tessera bench --serve` measures: many clients on one engine.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cli/bench/serve/load.hpp"
#include "cli/bench/serve/statistics.hpp"
#include "core/config/config.hpp"
#include "tessera/model.hpp"
#include "tessera/system.hpp"

namespace tessera::cli {

struct ServePlan {
  std::string model;  ///< folder or id
  std::string label;
  std::vector<int64_t> threads, prompts, generations;
  std::vector<int64_t> streams;  ///< of closed loops
  std::vector<double> rates;     ///< of open loops, requests a second
  int64_t requests = 0;          ///< of each load; 0: two a stream, or 32
  double range_ratio = 0;
  int64_t shared_prefix = 0;
  int64_t long_prompt = 0;  ///< comes to each number of streams; 0: none
  uint64_t seed = 0;
  Goal goal;
  const Config& config;  ///< of sampling
  LoadOptions load;
  CompileOptions compile;
  std::stop_token cancel;
};

/// One load.
struct ServeRow {
  int64_t threads;
  int64_t streams;  ///< 0: an open loop
  double rate;      ///< requests/s that arrive; 0: a closed loop
  int64_t prompt_tokens, new_tokens;
  int64_t requests;
  double seconds;
  Percentiles first_token_s, inter_token_s;
  double output_tps, prompt_tps;  ///< tokens that came out and went in, per second of the whole load
  double decode_tps;              ///< while all streams decode; 0 in open loops
  double bound_tps;               ///< what the machine allows then; 0 in open loops
  double goodput;                 ///< requests/s that kept the goal
  double occupancy;               ///< decode rows a step
  double overhead;         ///< part of the time that is not in the backend: scheduler, sampling, callbacks
  int64_t kv_tokens;       ///< most that were reserved at once
  uint64_t cached_tokens;  ///< of prompts, found computed
  uint64_t preemptions;
};

struct IntrusionRow {
  int64_t threads, streams, prompt_tokens;
  double alone_tps, beside_tps;      ///< prompt tokens/s
  double decode_s;                   ///< median between two tokens without the prompt
  Percentiles beside_inter_token_s;  ///< while it is taken in
};

struct ServeReport {
  std::string label, backend, isa, processor;
  uint64_t kv_bytes_per_token = 0;
  struct Limits {
    int64_t threads;
    MachineLimits limits;
  };
  std::vector<Limits> limits;
  std::vector<ServeRow> rows;
  std::vector<IntrusionRow> intrusions;
};

/// Tokens/s that `streams` decode at best: each step reads all weights, and computes two operations per
/// weight and stream.
double decode_bound(const ModelInfo& info, const MachineLimits& limits, int64_t streams);

/// Throws Error; kCancelled when interrupted.
ServeReport measure_serving(const ServePlan& plan);

/// `form`: "md", "json" (one object) or "jsonl" (one object a row).
std::string format_report(const ServeReport& report, std::string_view form);

}  // namespace tessera::cli
