/// What a backend's session can do, as far as scheduling cares. The engine asks for these, never for a name.
#pragma once

#include <cstdint>
#include <vector>

namespace tessera::engine {

/// A program compiled for [batch, seq_len] tokens; what is not used of it is padding.
struct CompiledShape {
  int64_t batch = 0;
  int64_t seq_len = 0;
  bool operator==(const CompiledShape&) const = default;
};

struct Capabilities {
  /// True: a step is any number of rows, a slot may be in many. False: each run has one of the shapes below.
  bool ragged = true;
  uint32_t slots = 1;    ///< sequences held at once
  int64_t ctx_len = 0;   ///< positions of a slot
  int64_t max_rows = 1;  ///< rows of a ragged step at most
  /// Tokens that all slots together can hold at most; a request that needs more is refused.
  int64_t kv_tokens = INT64_MAX;
  /// Memory that one slot takes at most, in tokens: less than ctx_len where a window moves on.
  int64_t slot_tokens = INT64_MAX;
  bool fork = false;  ///< a slot can take over the state of another's first tokens

  std::vector<CompiledShape> prefill = {};  ///< of a backend that is not ragged: at least one
  std::vector<int64_t> decode = {};         ///< batches with one token a row
  /// Of decode runs with proposals: two tokens a row or more, logits behind each. One at least where `decode`
  /// is empty.
  std::vector<CompiledShape> verify = {};
};

}  // namespace tessera::engine
