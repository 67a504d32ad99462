/// Runs attention over caches on all threads of a step.
#pragma once

#include "ops.hpp"

namespace tessera::cpu {

/// Shape of an attention node, checked; scale and window from its attributes. Throws naming what is wrong.
AttentionShape attention_shape(exec::NodeSpec& node, int64_t head_dim);

/// First write(begin, end) over 0 .. writes - 1 (a row's key and value each), then, when all is written, the
/// attention of `step.attention_items`.
template <class Write>
void write_and_attend(exec::Context& run, Step& step, const AttentionShape& shape, int64_t writes,
                      Write&& write) {
  const std::vector<AttentionRows>& items = step.attention_items;
  std::vector<AttentionTask>& tasks = step.attention_tasks;
  plan_attention(shape, items.data(), static_cast<int64_t>(items.size()), tasks);
  const int64_t floats = (attention_scratch_floats(shape) + 15) / 16 * 16;
  exec::Tensor scratch = run.scratch(graph::DataType::kFloat, {floats * step.pool.size()});
  float* memory = scratch.mutable_data<float>();
  step.pool.run([&](Team& team) {
    const Team::Share mine = team.share(writes);
    if (mine.begin < mine.end) write(mine.begin, mine.end);
    team.for_each_dynamic(static_cast<int64_t>(tasks.size()), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const AttentionTask& task = tasks[static_cast<size_t>(i)];
        step.kernels.attend(shape, items[static_cast<size_t>(task.item)], task.kv_head, task.row_begin,
                            task.row_end, memory + floats * team.thread());
      }
    });
  });
}

}  // namespace tessera::cpu
