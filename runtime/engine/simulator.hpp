/// The scheduler without a model: runs cost what a formula says, and everything that happens is written down.
#pragma once

#include <cstdint>
#include <vector>

#include "runtime/engine/capabilities.hpp"
#include "runtime/engine/scheduler.hpp"
#include "runtime/engine/workload.hpp"

namespace tessera::engine {

/// Seconds of a run: reading the weights and computing the rows overlap, the longer one counts.
struct CostModel {
  double weights_s = 0.060;  ///< reading all weights once
  double row_s = 0.0038;     ///< computing one row; padding of compiled shapes counts
  double overhead_s = 0.001;
  double seconds(int64_t rows) const;
};

struct SimulatorOptions {
  SchedulerOptions scheduler = {};
  Capabilities capabilities = {};
  CostModel cost = {};
  int64_t block_tokens = 64;  ///< memory is given in blocks of this size
  /// Each decode row has at random 0 to so many proposals, as far as they have room.
  int64_t most_drafts = 0;
  double acceptance = 0.7;  ///< the chance that a proposal is accepted
  uint64_t draft_seed = 1;
  bool keep_events = true;           ///< false: only sums, for speed
  uint64_t most_steps = UINT64_MAX;  ///< then the simulation is broken off
};

/// What became of a request. Steps are counted from 0; -1: never.
struct SimulatedRequest {
  int64_t submitted_step = -1;  ///< the next step when it arrived
  int64_t first_step = -1;      ///< of its first work
  int64_t finished_step = -1;   ///< its last
  int64_t emitted = 0;
  int64_t preemptions = 0;
  int64_t largest_gap = 0;  ///< steps from one of its tokens to the next, the largest; preemptions apart
  bool refused = false;     ///< by the queue's limit, or it can never fit
  bool cancelled = false;
  double ttft_s = -1;    ///< from arrival to the first token
  double finish_s = -1;  ///< when it ended
  double largest_gap_s = 0;
};

struct SimulationReport {
  std::vector<SimulatedRequest> requests;  ///< in the order of the workload
  uint64_t steps = 0;
  uint64_t emitted = 0;
  uint64_t rows = 0;          ///< useful ones
  uint64_t padding_rows = 0;  ///< of compiled shapes
  uint64_t drafted = 0;       ///< tokens that were proposed
  uint64_t preemptions = 0;
  int64_t most_reserved = 0;        ///< tokens of memory, the largest ever
  double seconds = 0;               ///< simulated
  std::vector<double> gaps_s = {};  ///< between two tokens of a request, all of them
};

/// Runs the workload to its end. Throws Error kInternal when the scheduler breaks a rule of its own: work
/// for a request that has no slot, tokens out of order, memory that is not reserved, more rows than allowed,
/// more tokens than asked for, a request that is lost.
SimulationReport simulate(const SimulatorOptions& options, const std::vector<WorkloadRequest>& workload);

}  // namespace tessera::engine
