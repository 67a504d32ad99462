/// Where a request's tokens go, and what it cost.
#pragma once

#include <cstdint>
#include <exception>

#include "tessera/speculation.hpp"

namespace tessera::engine {

/// Wall-clock seconds.
struct RequestMetrics {
  double queue_s = 0;     ///< from submit() to the first step
  double ttft_s = 0;      ///< from submit() to the first token
  double total_s = 0;     ///< from submit() to the end
  double mean_itl_s = 0;  ///< between two tokens; 0 for fewer than two
  double largest_itl_s = 0;
  int64_t tokens = 0;         ///< emitted
  int64_t cached_tokens = 0;  ///< of the prompt, that were computed for another request
  int64_t preemptions = 0;
  speculation::Counters speculation = {};
};

/// Why a request ended.
enum class EndReason {
  kFinished,   ///< its sink had enough, or max_new_tokens or the context came to its end
  kCancelled,  ///< by cancel(), or the engine was destroyed
  kTimeout,    ///< its deadline passed
  kError,      ///< a step, its chooser or its sink failed
};

/// One request's. Called on the engine's thread, never two at once, and may call submit() and cancel(); end()
/// comes from another thread when a run is blocked (EngineOptions::step_timeout_s). What it throws ends its
/// own request, with kError, and no other.
class TokenSink {
 public:
  virtual ~TokenSink() = default;
  /// So many tokens of the prompt are computed, and more are to come.
  virtual void prompt_progress(int64_t) {}
  /// The next token; false: enough.
  virtual bool accept(int64_t token) = 0;
  /// The last call; exactly once for each request that was submitted, whatever happens. `error` with kError.
  virtual void end(EndReason reason, std::exception_ptr error, const RequestMetrics& metrics) = 0;
};

}  // namespace tessera::engine
