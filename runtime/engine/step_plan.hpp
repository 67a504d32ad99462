/// One run of the backend, as the scheduler wants it.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/engine/capabilities.hpp"
#include "runtime/engine/request.hpp"

namespace tessera::engine {

/// A piece of one request: the tokens [begin, begin + count) of its prompt and emitted tokens, and behind
/// them of what is proposed to follow.
struct Work {
  RequestId request = 0;
  uint32_t slot = 0;
  int64_t begin = 0;
  int64_t count = 0;
  int64_t drafts = 0;   ///< the last of the count: tokens that are proposed; of decode work
  bool emits = false;   ///< its last known token is in it: the logits behind it choose the next
  bool decode = false;  ///< its one known token is the newest emitted one; else part of what is taken in

  /// Rows whose logits are wanted: the last of the count.
  int64_t logits_rows() const { return emits ? 1 + drafts : 0; }
};

enum class RunKind {
  kRagged,   ///< rows of decode and of prompts side by side
  kPrefill,  ///< of a compiled shape: each work a row of at most seq_len tokens
  kDecode,   ///< of a compiled shape: each work a row of one token and its proposals
};

struct StepPlan {
  struct Admitted {
    RequestId request;
    uint32_t slot;
    int64_t cached_tokens;  ///< already computed in the slot
  };
  RunKind kind = RunKind::kRagged;
  CompiledShape shape = {};  ///< of a compiled run
  std::vector<Work> work;   ///< decode rows first, then prompts from the best rank down; empty: nothing to do
  int64_t rows = 0;         ///< sum of the counts
  int64_t decode_rows = 0;  ///< without those of drafts
  int64_t draft_rows = 0;
  std::vector<Admitted> admitted;
  std::vector<RequestId> preempted;
  /// Alone in an empty memory, and still the backend had no room: these have left the scheduler.
  std::vector<RequestId> no_room;
};

/// What became of a work, in the order of the plan.
struct Outcome {
  /// Tokens that the request has more; 0 where the work did not emit. All but the last were proposed.
  int64_t emitted = 0;
  bool finished = false;  ///< it ended, its slot is free
  bool discard = false;   ///< the slot's contents are undefined; with `finished`
};

}  // namespace tessera::engine
