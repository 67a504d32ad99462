/// A request as the scheduler knows it: lengths and an order, no text, no model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tessera::engine {

using RequestId = uint64_t;  ///< given by the caller, unique in a scheduler, growing with arrival

struct Request {
  RequestId id = 0;
  int64_t prompt_tokens = 0;   ///< >= 1
  int64_t max_new_tokens = 1;  ///< >= 1; it never emits more
  std::string tenant = {};     ///< who shares with whom under the policy `fair`
  int32_t priority = 0;        ///< under the policy `priority`: smaller goes first, as in vLLM
  /// Prompt and emitted tokens, for prefix reuse; grows as tokens are emitted and outlives the request in the
  /// scheduler. Null: nothing is reused.
  const std::vector<int64_t>* tokens = nullptr;
  std::string cache_salt = {};  ///< only requests of equal salt share computed prefixes
};

enum class RequestState {
  kWaiting,    ///< has no slot yet
  kRunning,    ///< holds a slot: its prompt is taken in, or it decodes
  kPreempted,  ///< gave its slot back for lack of memory; will be computed again from its tokens
};

}  // namespace tessera::engine
