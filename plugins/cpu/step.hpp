/// What the kernels of ops/ see of the session while a step runs (exec::Context::user).
#pragma once

#include <cstdint>
#include <vector>

#include "input_rules.hpp"
#include "kv_blocks.hpp"
#include "packed_weights.hpp"
#include "plugins/cpu/executor/kernel.hpp"
#include "plugins/cpu/kernels/attention.hpp"
#include "plugins/cpu/kernels/kernel_table.hpp"
#include "plugins/cpu/threads/thread_pool.hpp"

namespace tessera::cpu {

/// Rows of a step that follow one another in the step and in their slot; padding is in no run.
struct RowRun {
  uint32_t slot = 0;
  int64_t position = 0;  ///< of the first row
  int64_t first_row = 0;
  int64_t rows = 0;
};

/// One step of one session. Used by one thread outside of regions of `pool`.
struct Step {
  const KernelTable& kernels;
  ThreadPool& pool;
  const PackedWeights& weights;
  KvBlocks& kv;

  StepRows rows;
  std::vector<RowRun> runs;  ///< of `rows`

  // Kept between steps for their memory only.
  std::vector<AttentionRows> attention_items;
  std::vector<AttentionTask> attention_tasks;
};

inline Step& step_of(const exec::Context& run) {
  return *static_cast<Step*>(run.user());
}

/// Cuts rows into runs.
void find_runs(const StepRows& rows, std::vector<RowRun>& runs);

}  // namespace tessera::cpu
