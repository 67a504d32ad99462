/// Which tokens of which requests the next run of the backend computes. No model, no thread, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "runtime/engine/capabilities.hpp"
#include "runtime/engine/kv_slots.hpp"
#include "runtime/engine/policy.hpp"
#include "runtime/engine/request.hpp"
#include "runtime/engine/step_budget.hpp"
#include "runtime/engine/step_plan.hpp"

namespace tessera::engine {

/// What happens when memory is full; never the failure of a running request.
enum class MemoryChoice {
  /// A request gets a slot when its known tokens fit, and grows. When it cannot, the running request that the
  /// policy ranks last gives its slot back and is computed again later from its tokens. More requests run at
  /// once.
  kPreempt,
  /// A request gets a slot when all it may ever need fits (prompt + max_new_tokens). Nothing is computed
  /// twice; prompts wait longer.
  kWait,
};

struct SchedulerOptions {
  std::string policy = "fcfs";
  PolicyOptions policy_options = {};
  int64_t max_num_seqs = 32;             ///< requests that hold a slot at once; at most the backend's slots
  int64_t max_num_batched_tokens = 512;  ///< rows of a ragged step; >= max_num_seqs
  StepBudget::Options step_budget = {};  ///< prompt rows beside decode rows
  int64_t max_prefill_runs = 1;          ///< P: prefill runs between two decode runs on compiled shapes
  int64_t max_queue = 4096;              ///< requests that wait for their first slot
  MemoryChoice memory = MemoryChoice::kPreempt;
};

/// Each step: reserves what running requests need, gives free slots to waiting requests in the policy's
/// order, and fills a run.
///
/// On a ragged backend every request that decodes has its row in every step; what is left of the budget goes
/// to prompts, from the best rank down. On compiled shapes runs are prefill or decode: after at most P
/// prefill runs that decoding requests had to wait for comes a decode run, and a run takes the smallest shape
/// that holds its rows; more decoding requests than the largest shape take turns.
///
/// Speculation: rows for proposed tokens come last, from what is left of a ragged step. On compiled shapes
/// who is in a decode run is settled without them; proposals then make its shape longer, never its batch
/// larger than it need be. So no bound below depends on them. Who proposes, and how many, is the caller's
/// business.
///
/// Bounds of the default (fcfs), proved by tests with the simulator; L = requests before this one that are
/// not finished when it arrives, p and m = their prompt_tokens and max_new_tokens, c = least prompt rows of a
/// step (StepBudget::least() or the smallest compiled seq_len), S = slots:
/// - between two tokens of a running request that is not preempted, ragged: one step; compiled:
///   (P + 1) * ceil(S / largest decode batch) runs; of the shortest decode shapes, where several lengths are;
/// - a prompt has its first step, ragged, after at most 1 + sum over L of (ceil(p / c) + m) steps with kWait,
///   and 1 + sum over L of (ceil((p + m) / c) + m) with kPreempt; compiled, after at most
///   2 + sum over L of (1 + 2 * ceil((p + m) / c) + m * (P + 1) * ceil(S / largest decode batch)) runs;
/// - the unfinished request of the best rank always runs and is never preempted: it alone fits (submit()
///   refuses what does not), memory is taken from the last rank first, and nobody overtakes a request that
///   waits for memory. So each request finishes.
///
/// Not thread-safe.
class Scheduler {
 public:
  /// `slots` outlives this, and is used by nobody else. Throws Error kInvalidArgument for options that
  /// contradict one another or the capabilities, naming the key.
  Scheduler(const SchedulerOptions& options, const Capabilities& capabilities, KvSlots& slots);
  ~Scheduler();

  /// Throws Error kBusy when `max_queue` requests wait already, kInvalidArgument for one that can never fit.
  void submit(const Request& request);
  /// Forgets a request; false when it is not here (any more). Not between plan() and commit().
  bool cancel(RequestId id);

  /// The next run; empty when nobody can go on. Valid until the next call. Each non-empty plan is committed
  /// before the next is made.
  const StepPlan& plan();

  // Between plan() and commit(): proposals for decode rows to verify in the same run.
  /// Rows that proposals may still have in this step. While prompts are taken in, only what they leave of
  /// their chunk. On compiled shapes as many for each row as the longest shape has whose batch holds all.
  int64_t draft_rows_left() const { return draft_rows_left_; }
  /// How many of `most` tokens that are proposed behind work `work` of the plan have room: in the step, in
  /// the memory that nobody has to give up for them, in its context and its max_new_tokens. 0 for work that
  /// does not decode.
  int64_t draft_room(size_t work, int64_t most);
  /// Plans rows for `count` proposals, in place of those that were planned for this work before; at most
  /// draft_room(). On compiled shapes the plan's shape becomes the smallest that holds all.
  void set_drafts(size_t work, int64_t count);

  /// `outcomes` by work of the plan; `seconds` that the run took, 0: not measured.
  void commit(std::span<const Outcome> outcomes, double seconds);

  /// In place of commit(): the plan's run failed, and all slots of the backend are empty again. Whoever runs
  /// waits to be computed again from its tokens.
  void restart();
  /// In place of commit(): forgets all requests; what their slots hold is undefined.
  void clear();

  bool idle() const { return entries_.empty(); }
  size_t waiting() const { return waiting_.size(); }  ///< preempted ones too
  size_t running() const { return running_.size(); }
  uint64_t steps() const { return steps_; }
  uint64_t preemptions() const { return preemptions_; }
  /// Throws Error kNotFound.
  RequestState state(RequestId id) const;
  const SchedulerOptions& options() const { return options_; }
  const StepBudget& budget() const { return budget_; }

 private:
  struct Entry;
  using Rank = std::pair<double, RequestId>;

  void check_fits(const Request& request) const;
  int64_t most_positions(const Request& request) const;
  void reserve_for_running();
  bool reserve_next(Entry& entry);
  void preempt_last();
  void wait_again(Entry& entry);
  void admit_waiting();
  void admit(Entry& entry, const KvSlots::Placement& placement);
  void fill_ragged();
  void fill_compiled();
  void fill_decode_run(int64_t decoding);
  const CompiledShape* decode_shape(int64_t rows, int64_t columns) const;
  void fill_prefill_run();
  void add_work(const Entry& entry, int64_t count);
  void leave(Entry& entry, bool discard);

  SchedulerOptions options_;
  Capabilities capabilities_;
  KvSlots& slots_;
  std::unique_ptr<Policy> policy_;
  StepBudget budget_;
  std::vector<CompiledShape> decode_shapes_;  ///< ascending by length, then batch
  std::unordered_map<RequestId, std::unique_ptr<Entry>> entries_;
  std::set<std::pair<Rank, Entry*>> waiting_;
  std::vector<Entry*> running_;  ///< from the best rank down
  std::vector<Entry*> by_slot_;
  StepPlan plan_;
  std::vector<Entry*> prompts_;  ///< of the run that is being filled
  int64_t draft_rows_left_ = 0;  ///< that proposals may still have in the plan
  int64_t most_drafts_ = 0;      ///< of one work
  int64_t preempted_ = 0;        ///< among waiting_
  int64_t prefill_runs_ = 0;     ///< since the last decode run, while somebody decodes
  size_t turn_ = 0;              ///< whose turn it is when not all can decode at once
  uint64_t steps_ = 0;
  uint64_t preemptions_ = 0;
};

}  // namespace tessera::engine
