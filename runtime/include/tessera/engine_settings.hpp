/// How many requests run at once, in which order, and with how much memory. What it all means:
/// docs/engine.md.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tessera/speculation.hpp"

namespace tessera {

/// Options of a backend by name, with dashes or underscores.
using BackendOptions = std::vector<std::pair<std::string, std::string>>;

/// Names are those of vLLM where it has the thing.
struct EngineSettings {
  int64_t max_num_seqs = 32;               ///< requests that hold a slot at once
  int64_t max_num_batched_tokens = 512;    ///< rows of a step; at least max_num_seqs, at most 512
  int64_t prefill_chunk = 0;               ///< prompt rows of a step; 0: from what steps cost
  int64_t max_prefill_runs = 1;            ///< compiled shapes: prefill runs between two decode runs
  int64_t max_queue = 4096;                ///< requests that may wait; more are refused
  std::string scheduling_policy = "fcfs";  ///< fcfs, priority or fair
  double ageing_steps = 1000;              ///< of `priority`: steps of waiting worth one level
  double ageing_tokens = 1;                ///< of `fair`: tokens that a step of waiting is worth
  std::vector<std::pair<std::string, double>> tenant_weights = {};  ///< of `fair`; others have 1
  bool preempt = true;         ///< memory full: give the last request's slot to others; false: wait
  bool prefix_caching = true;  ///< common beginnings are computed once
  int64_t kv_tokens = 0;       ///< tokens of all slots together; 0: what the backend has
  /// Seconds after which a step counts as blocked: its requests, and all that wait, end with an error, and
  /// none is taken until it comes back. 0: never.
  double step_timeout = 0;
  /// Times in a row that a session whose device is lost is made anew; its requests are then computed again.
  /// 0: they end with the error.
  int64_t max_reloads = 0;
  /// Who proposes tokens that are verified in one step: off, prompt-lookup or draft.
  std::string speculation = "off";
  /// Of `draft`: a smaller model with the same tokenizer, a folder or an id of the hub cache; compiled as the
  /// model itself is.
  std::string draft_model = {};
  /// Options of the backend for the draft model, in place of the model's own: {"num-cores", "5"}.
  BackendOptions draft_options = {};
  /// Tokens proposed at once: 1 to K for one number K, one of the numbers for several, ascending (0: none,
  /// which is always possible); empty: 1 to 8. Which of them is chosen step by step from what was accepted
  /// and what rows cost. With compiled shapes those that are compiled
  /// (CompileOptions::num_speculative_tokens), and all rows of a run have one; K: up to K.
  std::vector<int64_t> num_speculative_tokens = {};
};

/// A draft model's: the target's, but what it is a target by and where its files go; `own` win. With dashes.
BackendOptions draft_backend_options(const BackendOptions& target, const BackendOptions& own);

/// What CompileOptions::num_speculative_tokens has to be for these settings: nothing without speculation, 0
/// and K for one number K, else the numbers; 0 and 3 where none is given.
std::vector<int64_t> compiled_speculative_tokens(const EngineSettings& settings);

/// Sums since the engine was made, and what is going on.
struct EngineStatistics {
  uint64_t steps = 0;
  uint64_t decode_rows = 0, prompt_rows = 0, padding_rows = 0;
  double run_s = 0;       ///< in runs of the backend
  double draft_s = 0;     ///< proposing tokens
  double overhead_s = 0;  ///< scheduling, choosing tokens, callbacks
  uint64_t finished = 0, cancelled = 0, timed_out = 0, failed = 0, refused = 0;
  uint64_t preemptions = 0;
  uint64_t reloads = 0;         ///< of a session whose device was lost
  uint64_t prefix_queries = 0;  ///< tokens of prompts that could have been found computed
  uint64_t prefix_hits = 0;     ///< and that were
  uint64_t forks = 0, resumes = 0, evictions = 0;
  uint64_t running = 0, waiting = 0;
  int64_t kv_reserved_tokens = 0;
  speculation::Counters speculation = {};
  /// Why proposing has ended, which changes no text; empty: nothing has failed.
  std::string speculation_error = {};
};

}  // namespace tessera
