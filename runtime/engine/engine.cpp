#include "runtime/engine/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {

/// Tokens and times change on the engine's thread alone.
struct Engine::Active {
  RequestId id = 0;
  std::vector<int64_t> tokens;  ///< prompt and emitted
  int64_t prompt_tokens = 0;
  int64_t most_tokens = 0;  ///< of both
  std::shared_ptr<TokenSink> sink;
  std::unique_ptr<TokenChooser> chooser;
  std::unique_ptr<speculation::DraftChooser> draft_chooser;  ///< until the first token is emitted
  std::optional<Clock::time_point> deadline;
  Clock::time_point submitted, newest;
  bool started = false;
  RequestMetrics metrics;
  std::exception_ptr error;  ///< of the step that runs
};

namespace {

double seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

KvSlots::Options slot_options(const Capabilities& capabilities, const EngineOptions& options) {
  return {.slots = capabilities.slots,
          .ctx_len = capabilities.ctx_len,
          .fork = capabilities.fork,
          .prefix_reuse = options.prefix_reuse,
          .granule = options.kv_granule,
          .slot_tokens = capabilities.slot_tokens,
          .kv_tokens = capabilities.kv_tokens};
}

}  // namespace

Engine::Engine(PlanRunner& runner, SlotMemory& memory, const Capabilities& capabilities, int64_t vocab_size,
               const EngineOptions& options)
    : runner_(runner),
      vocab_size_(static_cast<size_t>(vocab_size)),
      context_(capabilities.ctx_len),
      memory_(memory),
      slots_(slot_options(capabilities, options), memory_),
      scheduler_(options.scheduler, capabilities, slots_),
      speculator_(options.speculation),
      step_timeout_s_(options.step_timeout_s),
      reload_(options.reload),
      max_reloads_(options.max_reloads),
      watchdog_(options.step_timeout_s, [this] { abandon(); }),
      thread_([this] { loop(); }) {}

Engine::~Engine() {
  {
    const Lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

RequestId Engine::submit(Submission submission) {
  std::vector<Submission> one;
  one.push_back(std::move(submission));
  return submit(std::move(one)).front();
}

std::unique_ptr<Engine::Active> Engine::make_active(Submission& submission) const {
  auto active = std::make_unique<Active>();
  active->prompt_tokens = static_cast<int64_t>(submission.prompt.size());
  // A sequence has no more positions than the context; the last token needs none.
  const int64_t room = std::max<int64_t>(context_ - active->prompt_tokens + 1, 1);
  active->most_tokens = active->prompt_tokens + std::min(submission.max_new_tokens, room);
  active->tokens = std::move(submission.prompt);
  active->sink = std::move(submission.sink);
  active->chooser = submission.chooser ? std::move(submission.chooser) : std::make_unique<GreedyChooser>();
  active->draft_chooser = std::move(submission.draft_chooser);
  active->deadline = submission.deadline;
  active->submitted = Clock::now();
  return active;
}

void Engine::check_open() const {
  if (broken_) std::rethrow_exception(broken_);
  if (blocked_) std::rethrow_exception(blocked_);
  if (draining_ || stopping_)
    throw Error(ErrorCode::kBusy, "the engine takes no more requests: it is being drained");
}

void Engine::enter(Active& active, Submission& submission) {
  scheduler_.submit({.id = active.id,
                     .prompt_tokens = active.prompt_tokens,
                     .max_new_tokens = active.most_tokens - active.prompt_tokens,
                     .tenant = std::move(submission.tenant),
                     .priority = submission.priority,
                     .tokens = &active.tokens,
                     .cache_salt = std::move(submission.cache_salt)});
}

std::vector<RequestId> Engine::submit(std::vector<Submission> submissions) {
  std::vector<std::unique_ptr<Active>> entered;
  for (Submission& submission : submissions) entered.push_back(make_active(submission));
  std::vector<RequestId> ids;
  const Lock lock(mutex_);
  try {
    check_open();
    for (size_t i = 0; i < submissions.size(); ++i) {
      entered[i]->id = next_id_ + i;
      enter(*entered[i], submissions[i]);
      ids.push_back(entered[i]->id);
    }
  } catch (...) {
    for (const RequestId id : ids) scheduler_.cancel(id);
    next_id_ += ids.size();
    counters_.refused += submissions.size();
    throw;
  }
  next_id_ += ids.size();
  for (std::unique_ptr<Active>& active : entered) {
    if (active->deadline) ++with_deadline_;
    const RequestId id = active->id;
    active_.emplace(id, std::move(active));
  }
  wake_.notify_one();
  return ids;
}

void Engine::cancel(RequestId id) {
  const Lock lock(mutex_);
  if (active_.count(id) == 0) return;
  cancels_.push_back(id);
  wake_.notify_one();
}

void Engine::drain() {
  Lock lock(mutex_);
  draining_ = true;
  idle_.wait(lock, [&] { return active_.empty() && telling_ == 0; });
}

EngineCounters Engine::counters() const {
  const Lock lock(mutex_);
  EngineCounters counters = counters_;
  counters.preemptions = scheduler_.preemptions();
  counters.kv = slots_.counters();
  counters.running = scheduler_.running();
  counters.waiting = scheduler_.waiting();
  counters.kv_reserved_tokens = slots_.reserved_tokens();
  return counters;
}

void Engine::loop() {
  Lock lock(mutex_);
  while (wait_for_work(lock)) {
    try {
      step(lock);
    } catch (...) {
      // The backend failed between steps, at a slot: who holds what is not known any more.
      if (!lock.owns_lock()) lock.lock();
      broken_ = std::current_exception();
      end_all(EndReason::kError, broken_);
    }
    tell_endings(lock);
  }
  end_all(EndReason::kCancelled, nullptr);
  tell_endings(lock);
}

void Engine::step(Lock& lock) {
  const Clock::time_point start = Clock::now();
  end_due();
  const StepPlan& plan = scheduler_.plan();
  begin_step(plan);
  if (recover_slots(lock) || plan.work.empty()) return;
  const Clock::time_point drafting = Clock::now();
  draft(plan, lock);
  counters_.draft_s += seconds(Clock::now() - drafting);
  if (recover_slots(lock)) return;
  in_run_ = true;
  lock.unlock();
  const Clock::time_point planned = Clock::now();
  const std::exception_ptr failure = run_step(plan);
  const Clock::time_point ran = Clock::now();
  lock.lock();
  in_run_ = false;
  counters_.run_s += seconds(ran - planned);
  if (blocked_) return come_back(lock);
  if (failure && can_recover(failure)) return recover(lock);
  lock.unlock();
  if (!failure) reloads_in_a_row_ = 0;
  for (Active* active : work_) active->error = failure;
  take_tokens(plan);
  lock.lock();
  finish_step(plan, seconds(ran - planned));
  recover_slots(lock);
  counters_.overhead_s += seconds(Clock::now() - ran) + seconds(drafting - start);
}

bool Engine::wait_for_work(Lock& lock) {
  wake_.wait(lock, [&] { return stopping_ || !active_.empty(); });
  return !stopping_;
}

/// Cancelled requests and those whose time is up.
void Engine::end_due() {
  for (const RequestId id : std::exchange(cancels_, {})) {
    if (active_.count(id) != 0) end(id, EndReason::kCancelled, nullptr);
  }
  if (with_deadline_ == 0) return;
  const Clock::time_point now = Clock::now();
  std::vector<RequestId> late;
  for (const auto& [id, active] : active_) {
    if (active->deadline && *active->deadline <= now) late.push_back(id);
  }
  for (const RequestId id : late) end(id, EndReason::kTimeout, nullptr);
}

void Engine::begin_step(const StepPlan& plan) {
  for (const RequestId id : plan.no_room) {
    end(id, EndReason::kError,
        std::make_exception_ptr(
            Error(ErrorCode::kOutOfMemory,
                  "the backend has no memory for the keys and values of this request alone")
                .remedy("use a shorter context or free memory")));
  }
  for (const RequestId id : plan.preempted) ++active_.at(id)->metrics.preemptions;
  for (const StepPlan::Admitted& admitted : plan.admitted) {
    Active& active = *active_.at(admitted.request);
    if (active.started) continue;
    active.started = true;
    active.metrics.cached_tokens = admitted.cached_tokens;
    active.metrics.queue_s = seconds(Clock::now() - active.submitted);
  }
  work_.clear();
  tokens_.clear();
  for (const Work& work : plan.work) {
    work_.push_back(active_.at(work.request).get());
    tokens_.push_back({&work_.back()->tokens, work_.back()->prompt_tokens});
  }
}

/// Proposals behind the decode rows, and room for the logits of all.
void Engine::draft(const StepPlan& plan, Lock& lock) {
  speculator_.plan(scheduler_, plan, tokens_);
  if (speculator_.on()) {
    lock.unlock();
    speculator_.propose();
    lock.lock();
    speculator_.settle(scheduler_);
    for (size_t i = 0; i < tokens_.size(); ++i) tokens_[i].drafts = speculator_.proposals(i);
  }
  int64_t rows = 0;
  for (const Work& work : plan.work) rows += work.logits_rows();
  logits_.resize(static_cast<size_t>(rows) * vocab_size_);
}

/// What failed, if anything: then what the slots of all works hold is undefined.
std::exception_ptr Engine::run_step(const StepPlan& plan) {
  watchdog_.start();
  std::exception_ptr failure;
  try {
    try {
      runner_.run(plan, tokens_, logits_);
    } catch (Error& error) {
      error.add_context(
          fmt::format("running a step of {} rows for {} requests", plan.rows, plan.work.size()));
      throw;
    }
  } catch (...) {
    failure = std::current_exception();
  }
  watchdog_.stop();
  return failure;
}

bool Engine::can_recover(const std::exception_ptr& failure) const {
  if (!reload_ || reloads_in_a_row_ >= max_reloads_) return false;
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    // A run that ran out of its time has taken the device with it.
    return error.code() == ErrorCode::kDeviceLost || error.code() == ErrorCode::kDeadlineExceeded;
  } catch (...) {
    return false;
  }
}

/// A new session for the one whose device is gone. What it held is computed again from tokens; what was
/// emitted stays.
void Engine::recover(Lock& lock) {
  std::exception_ptr failure;
  do {
    ++reloads_in_a_row_;
    ++counters_.reloads;
    lock.unlock();
    failure = try_reload();
    lock.lock();
  } while (failure && reloads_in_a_row_ < max_reloads_ && !stopping_);
  if (failure) std::rethrow_exception(failure);
  memory_.renew();
  speculator_.reopened();
  scheduler_.restart();
}

/// True when the device was lost at a slot, and all is ready for the next plan. Throws the loss where nothing
/// can be done about it.
bool Engine::recover_slots(Lock& lock) {
  if (!memory_.lost()) return false;
  if (!can_recover(memory_.lost())) std::rethrow_exception(memory_.lost());
  recover(lock);
  return true;
}

std::exception_ptr Engine::try_reload() {
  try {
    reload_();
    return nullptr;
  } catch (Error& error) {
    error.add_context("making the session of a lost device anew");
    return std::current_exception();
  } catch (...) {
    return std::current_exception();
  }
}

/// On the watchdog's thread: the run has not come back. Its requests' callers are told, their tokens stay
/// where the run reads them.
void Engine::abandon() {
  Lock lock(mutex_);
  if (!in_run_) return;
  blocked_ = std::make_exception_ptr(
      Error(ErrorCode::kDeadlineExceeded,
            fmt::format("a step of the backend has not come back for {} s", step_timeout_s_))
          .key("step_timeout")
          .remedy("restart the program if it never does; raise step_timeout if it is only slow"));
  for (auto& [id, active] : active_) {
    abandoned_.push_back({std::move(active), EndReason::kError, blocked_});
    ++counters_.failed;
  }
  active_.clear();
  with_deadline_ = 0;
  std::vector<Active*> told;
  for (const Ending& ending : abandoned_) told.push_back(ending.active.get());
  const std::exception_ptr error = blocked_;
  ++telling_;
  lock.unlock();
  for (Active* active : told) tell(*active, EndReason::kError, error);
  lock.lock();
  --telling_;
  idle_.notify_all();
}

/// The run that was blocked is back, and nobody waits for what it gave.
void Engine::come_back(Lock& lock) {
  idle_.wait(lock, [&] { return telling_ == 0; });  // the watchdog may still be at it
  scheduler_.clear();
  for (const Ending& ending : abandoned_) speculator_.end(ending.active->id);
  abandoned_.clear();
  blocked_ = nullptr;
}

void Engine::take_tokens(const StepPlan& plan) {
  outcomes_.clear();
  std::span<float> left = logits_;
  for (size_t i = 0; i < plan.work.size(); ++i) {
    const Work& work = plan.work[i];
    Active& active = *work_[i];
    const std::span<float> logits = left.first(static_cast<size_t>(work.logits_rows()) * vocab_size_);
    left = left.subspan(logits.size());
    Outcome outcome;
    try {
      if (active.error) {
        outcome.discard = outcome.finished = true;
      } else if (work.emits) {
        outcome = take_tokens_of(i, logits);
      } else if (work.begin + work.count <= active.prompt_tokens) {
        active.sink->prompt_progress(work.begin + work.count);
      }
    } catch (...) {
      // Where the logits are no numbers, neither need the keys and values be.
      active.error = std::current_exception();
      outcome.discard = outcome.finished = true;
    }
    outcomes_.push_back(outcome);
  }
}

/// One token from each row of logits, as long as it is the one that was proposed to follow: then the next row
/// was computed behind it.
Outcome Engine::take_tokens_of(size_t work, std::span<float> logits) {
  Active& active = *work_[work];
  if (speculator_.on() && active.metrics.tokens == 0)
    speculator_.begin(active.id, active.prompt_tokens, std::move(active.draft_chooser));
  const std::span<const int64_t> drafts = tokens_[work].drafts;
  const size_t known = active.tokens.size();
  bool more = true;
  for (size_t row = 0; row <= drafts.size() && more; ++row) {
    more = take_token(active, logits.subspan(row * vocab_size_, vocab_size_));
    if (row < drafts.size() && active.tokens.back() != drafts[row]) break;
  }
  const std::span<const int64_t> emitted = std::span(active.tokens).subspan(known);
  speculator_.verified(work, emitted, active.metrics.speculation);
  return {.emitted = static_cast<int64_t>(emitted.size()), .finished = !more};
}

/// False when the request has enough.
bool Engine::take_token(Active& active, std::span<float> logits) {
  const int64_t token = active.chooser->choose(logits);
  const Clock::time_point now = Clock::now();
  RequestMetrics& metrics = active.metrics;
  if (metrics.tokens == 0) {
    metrics.ttft_s = seconds(now - active.submitted);
  } else {
    metrics.largest_itl_s = std::max(metrics.largest_itl_s, seconds(now - active.newest));
    metrics.mean_itl_s =
        (seconds(now - active.submitted) - metrics.ttft_s) / static_cast<double>(metrics.tokens);
  }
  active.newest = now;
  ++metrics.tokens;
  active.tokens.push_back(token);
  const bool more = active.sink->accept(token);
  return more && static_cast<int64_t>(active.tokens.size()) < active.most_tokens;
}

void Engine::finish_step(const StepPlan& plan, double run_seconds) {
  ++counters_.steps;
  counters_.decode_rows += static_cast<uint64_t>(plan.decode_rows);
  counters_.prompt_rows += static_cast<uint64_t>(plan.rows - plan.decode_rows - plan.draft_rows);
  counters_.speculation.add(speculator_.take_counters());
  counters_.speculation_error = speculator_.error();
  speculator_.observe(plan, run_seconds);
  if (plan.kind != RunKind::kRagged) {
    counters_.padding_rows += static_cast<uint64_t>(plan.shape.batch * plan.shape.seq_len - plan.rows);
  }
  scheduler_.commit(outcomes_, run_seconds);
  for (size_t i = 0; i < work_.size(); ++i) {
    if (!outcomes_[i].finished) continue;
    const std::exception_ptr error = work_[i]->error;
    end(work_[i]->id, error ? EndReason::kError : EndReason::kFinished, error);
  }
}

void Engine::end(RequestId id, EndReason reason, std::exception_ptr error) {
  const auto place = active_.find(id);
  if (!broken_) scheduler_.cancel(id);  // where it has not left already
  speculator_.end(id);
  if (place->second->deadline) --with_deadline_;
  endings_.push_back({std::move(place->second), reason, std::move(error)});
  active_.erase(place);
  uint64_t* const counts[] = {&counters_.finished, &counters_.cancelled, &counters_.timed_out,
                              &counters_.failed};
  ++*counts[static_cast<size_t>(reason)];
}

void Engine::end_all(EndReason reason, const std::exception_ptr& error) {
  while (!active_.empty()) end(active_.begin()->first, reason, error);
}

void Engine::tell(Active& active, EndReason reason, const std::exception_ptr& error) {
  active.metrics.total_s = seconds(Clock::now() - active.submitted);
  try {
    active.sink->end(reason, error, active.metrics);
  } catch (...) {  // NOLINT(bugprone-empty-catch): the request has ended, nobody is left to tell
  }
}

/// Outside of the lock: a sink may call the engine.
void Engine::tell_endings(Lock& lock) {
  if (!endings_.empty()) {
    std::vector<Ending> endings = std::exchange(endings_, {});
    ++telling_;
    lock.unlock();
    for (Ending& ending : endings) tell(*ending.active, ending.reason, ending.error);
    endings.clear();  // sinks and choosers go before anybody is told that all is done
    lock.lock();
    --telling_;
  }
  if (active_.empty()) idle_.notify_all();
}

}  // namespace tessera::engine
