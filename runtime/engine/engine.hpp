/// Requests in, tokens out: a thread that runs what the scheduler plans.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "runtime/engine/guarded_memory.hpp"
#include "runtime/engine/plan_runner.hpp"
#include "runtime/engine/scheduler.hpp"
#include "runtime/engine/speculator.hpp"
#include "runtime/engine/token_chooser.hpp"
#include "runtime/engine/token_sink.hpp"
#include "runtime/engine/watchdog.hpp"

namespace tessera::engine {

struct EngineOptions {
  SchedulerOptions scheduler = {};
  /// Common beginnings are computed once. Off for graphs whose keys depend on the prompt's length.
  bool prefix_reuse = true;
  int64_t kv_granule = 64;  ///< tokens by which a reservation grows
  SpeculationOptions speculation = {};
  /// Seconds after which a run counts as blocked: all requests end with kDeadlineExceeded and none is taken
  /// until it comes back. 0: never.
  double step_timeout_s = 0;
  /// Makes the session behind runner and memory anew, all slots empty; on the engine's thread. May throw, and
  /// is tried again then. With it, a run that fails with kDeviceLost or kDeadlineExceeded, and a slot call
  /// between runs with kDeviceLost, end no request: all are computed again from their tokens. Null: the run
  /// ends those in it, the slot call all.
  std::function<void()> reload = {};
  int64_t max_reloads = 3;  ///< tries in a row, without a run that succeeds between them
};

struct Submission {
  std::vector<int64_t> prompt = {};                               ///< at least one token
  int64_t max_new_tokens = 1;                                     ///< at least 1
  std::shared_ptr<TokenSink> sink = {};                           ///< not null
  std::unique_ptr<TokenChooser> chooser = {};                     ///< null: greedy
  std::unique_ptr<speculation::DraftChooser> draft_chooser = {};  ///< of a draft model; null: greedy
  std::string tenant = {};                                        ///< policy `fair`
  int32_t priority = 0;                                           ///< policy `priority`: smaller goes first
  std::string cache_salt = {};  ///< only equal salts share computed prefixes
  std::optional<std::chrono::steady_clock::time_point> deadline = {};  ///< then it ends with kTimeout
};

/// Sums since the engine was made, and what is going on.
struct EngineCounters {
  uint64_t steps = 0;
  uint64_t decode_rows = 0, prompt_rows = 0, padding_rows = 0;
  double run_s = 0;       ///< in runs of the backend
  double draft_s = 0;     ///< proposing tokens
  double overhead_s = 0;  ///< planning, choosing tokens, callbacks
  uint64_t finished = 0, cancelled = 0, timed_out = 0, failed = 0;
  uint64_t refused = 0;  ///< by submit()
  uint64_t preemptions = 0;
  uint64_t reloads = 0;  ///< of a session whose device was lost
  KvSlots::Counters kv = {};
  size_t running = 0, waiting = 0;
  int64_t kv_reserved_tokens = 0;
  speculation::Counters speculation = {};
  std::string speculation_error = {};  ///< why it has ended; empty: nothing has failed
};

/// The same request gets the same tokens whatever runs beside it, with speculation and without, where the
/// backend's bits do not depend on the shape of a step. All functions from any thread, from sinks too.
class Engine {
 public:
  /// `runner` and `memory` outlive this and are used by nobody else; all slots are empty. Throws Error
  /// kInvalidArgument as Scheduler does.
  Engine(PlanRunner& runner, SlotMemory& memory, const Capabilities& capabilities, int64_t vocab_size,
         const EngineOptions& options = {});
  /// Cancels everything and waits for the step that is running, also for one that is blocked.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Throws Error kBusy when `max_queue` requests wait or after drain(), kInvalidArgument for a request that
  /// can never fit, kDeadlineExceeded while a run is blocked, or what broke the engine: the backend failing
  /// at a slot between two steps. Then the sink hears nothing.
  RequestId submit(Submission submission);
  /// All of them or none.
  std::vector<RequestId> submit(std::vector<Submission> submissions);
  /// Ends a request with kCancelled before the next step; nothing happens to one that has ended.
  void cancel(RequestId id);
  /// Takes no more requests, and returns when all have ended. Not from a sink.
  void drain();

  EngineCounters counters() const;
  const SchedulerOptions& options() const { return scheduler_.options(); }

 private:
  using Clock = std::chrono::steady_clock;
  struct Active;
  using Lock = std::unique_lock<std::mutex>;

  struct Ending {
    std::unique_ptr<Active> active;
    EndReason reason;
    std::exception_ptr error;
  };

  std::unique_ptr<Active> make_active(Submission& submission) const;
  void check_open() const;
  void enter(Active& active, Submission& submission);

  void loop();
  void step(Lock& lock);
  bool wait_for_work(Lock& lock);
  void end_due();
  void begin_step(const StepPlan& plan);
  void draft(const StepPlan& plan, Lock& lock);
  std::exception_ptr run_step(const StepPlan& plan);
  bool can_recover(const std::exception_ptr& failure) const;
  void recover(Lock& lock);
  bool recover_slots(Lock& lock);
  std::exception_ptr try_reload();
  void abandon();
  void come_back(Lock& lock);
  void take_tokens(const StepPlan& plan);
  Outcome take_tokens_of(size_t work, std::span<float> logits);
  bool take_token(Active& active, std::span<float> logits);
  void finish_step(const StepPlan& plan, double seconds);
  void end(RequestId id, EndReason reason, std::exception_ptr error);
  void end_all(EndReason reason, const std::exception_ptr& error);
  static void tell(Active& active, EndReason reason, const std::exception_ptr& error);
  void tell_endings(Lock& lock);

  PlanRunner& runner_;
  size_t vocab_size_;
  int64_t context_;           ///< positions of a slot
  mutable std::mutex mutex_;  ///< of all below, but what only the engine's thread uses
  std::condition_variable wake_, idle_;
  GuardedMemory memory_;
  KvSlots slots_;
  Scheduler scheduler_;
  Speculator speculator_;
  std::unordered_map<RequestId, std::unique_ptr<Active>> active_;
  std::vector<RequestId> cancels_;
  std::vector<Ending> endings_;
  EngineCounters counters_;
  RequestId next_id_ = 1;
  size_t with_deadline_ = 0;
  bool draining_ = false;
  bool stopping_ = false;
  std::exception_ptr broken_;   ///< the scheduler is not used any more
  std::exception_ptr blocked_;  ///< a run has not come back
  /// Requests that ended while they were in a run that is blocked: it still reads their tokens.
  std::vector<Ending> abandoned_;
  bool in_run_ = false;
  int telling_ = 0;  ///< threads that tell endings: not idle yet
  int64_t reloads_in_a_row_ = 0;
  double step_timeout_s_;
  std::function<void()> reload_;
  int64_t max_reloads_;

  // Of the step that runs; the engine's thread alone.
  std::vector<Active*> work_;
  std::vector<WorkTokens> tokens_;
  std::vector<float> logits_;
  std::vector<Outcome> outcomes_;
  Watchdog watchdog_;  // these two at last: everything is there when they start
  std::thread thread_;
};

}  // namespace tessera::engine
