/// What speculation did, defined once for every method. How it works: docs/engine.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tessera::speculation {

/// Of one sequence, or added up over many. Names are those of vLLM's metrics.
struct Counters {
  uint64_t drafts = 0;           ///< steps that verified at least one proposed token
  uint64_t draft_tokens = 0;     ///< tokens that were proposed and verified
  uint64_t accepted_tokens = 0;  ///< of these, equal to the target's own choice, all before them equal too
  std::vector<uint64_t> accepted_by_position = {};  ///< [i]: drafts of which token i (from 0) was accepted

  /// One verification; the token that the target adds behind them is not counted. accepted <= proposed.
  void record(size_t proposed, size_t accepted) {
    if (proposed == 0) return;
    ++drafts;
    draft_tokens += proposed;
    accepted_tokens += accepted;
    if (accepted_by_position.size() < proposed) accepted_by_position.resize(proposed, 0);
    for (size_t i = 0; i < accepted; ++i) ++accepted_by_position[i];
  }

  void add(const Counters& other) {
    drafts += other.drafts;
    draft_tokens += other.draft_tokens;
    accepted_tokens += other.accepted_tokens;
    const size_t positions = other.accepted_by_position.size();
    if (accepted_by_position.size() < positions) accepted_by_position.resize(positions, 0);
    for (size_t i = 0; i < positions; ++i) accepted_by_position[i] += other.accepted_by_position[i];
  }

  /// 0 before the first draft.
  double acceptance_rate() const {
    return draft_tokens == 0 ? 0 : static_cast<double>(accepted_tokens) / static_cast<double>(draft_tokens);
  }
};

}  // namespace tessera::speculation
