/// How many tokens to draft for all sequences of a run whose shape is compiled.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "runtime/speculation/pause.hpp"

namespace tessera::speculation {

/// A sequence of the run.
struct RunMember {
  double acceptance = 0;  ///< the chance that a drafted token is accepted (AdaptiveLength::acceptance())
  size_t most = 0;        ///< tokens that can be drafted for it, or have been
};

/// What drafting costs, as parts of the time of a run without drafts. Constants of the program, not measured:
/// the same tokens give the same sequence of shapes, whatever the clock says.
struct RunCost {
  double draft_token = 0;   ///< one token more from the draft model, for all sequences; prompt lookup: 0
  double column = 0;        ///< one token more in each row of the shape, padding too
  size_t free_columns = 0;  ///< tokens that may be drafted in the shortest shape
};

/// A run of k drafts takes the time 1 + k draft_token + (k - free_columns) column, and gives each sequence
/// the tokens of expected_tokens(); k is the compiled length with most tokens per time, 0 where none is
/// better than no drafts. Where it is 0 for long, k is the least length every 16 runs, then 32, .. 512:
/// acceptance may have changed. Not thread-safe; one per engine.
class RunLength {
 public:
  /// `lengths`: those that are compiled, ascending from 1 (AdaptiveLength checks them).
  explicit RunLength(std::vector<size_t> lengths) : lengths_(std::move(lengths)) {}

  /// Before drafting; once a run.
  size_t next(std::span<const RunMember> members, const RunCost& cost);
  /// With the drafts at hand, that cost nothing any more.
  size_t fit(std::span<const RunMember> members, RunCost cost) const;

 private:
  size_t best(std::span<const RunMember> members, const RunCost& cost) const;

  std::vector<size_t> lengths_;
  Pause pause_;
};

}  // namespace tessera::speculation
