/// How many tokens to draft next.
#pragma once

#include <cstddef>
#include <vector>

#include "runtime/speculation/pause.hpp"

namespace tessera::speculation {

/// What drafting costs in the coming step, as parts of the time that the step takes without it.
struct DraftCost {
  double draft_token = 0;  ///< one token of the draft model; prompt lookup: 0
  /// One more row for each sequence that would draft: little while reading the weights bounds the step, 1
  /// when arithmetic does. Of each, since what pays for one would be done by all.
  double verify_row = 0;
  size_t free_rows = 0;  ///< rows that the step has room for beside what must run
};

/// Tokens that a sequence has more after a step with k drafts, on average, where each is accepted with the
/// chance `acceptance`: 1 + a + a^2 + .. a^k (Leviathan et al., arXiv:2211.17192, equation 1).
double expected_tokens(double acceptance, size_t k);

/// Chooses the length k that makes most tokens per time. With the chance a that a drafted token is accepted,
/// a step of k drafts gives expected_tokens(a, k) in the time 1 + k (draft_token + verify_row). a is
/// measured: what was accepted of what was decided, older drafts counting less. Where drafting does not pay
/// it is off, and tried again with one draft of the least length after 16 steps, then 32, .. 512, until it
/// pays. The length never changes a text, only its speed. Not thread-safe; one per sequence.
class AdaptiveLength {
 public:
  /// `lengths`: what may be drafted beside nothing: 1 .. K, or those that a card has compiled, ascending.
  /// Throws Error kInvalidArgument when empty, not ascending, or with a 0.
  explicit AdaptiveLength(std::vector<size_t> lengths);

  /// One of the lengths, at most free_rows, or 0. Once a step.
  size_t next(const DraftCost& cost);

  /// What became of a draft. Drafts of nothing count for nothing.
  void record(size_t proposed, size_t accepted);

  /// The estimate of a; 0.7 before anything is known.
  double acceptance() const { return accepted_ / decided_; }

 private:
  size_t best(const DraftCost& cost) const;

  std::vector<size_t> lengths_;
  // Decaying counts of tokens, begun with a guess that a few drafts outweigh.
  double accepted_ = 2.8;
  double decided_ = 4;
  Pause pause_;
};

}  // namespace tessera::speculation
