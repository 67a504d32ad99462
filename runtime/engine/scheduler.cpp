#include "runtime/engine/scheduler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/engine/prefill_shape.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::engine {

struct Scheduler::Entry {
  Request request;
  Rank rank;
  RequestState state = RequestState::kWaiting;
  bool had_slot = false;
  uint32_t slot = 0;
  int64_t computed = 0;  ///< tokens whose keys and values are in the slot
  int64_t known = 0;     ///< prompt and emitted tokens
  int64_t most = 0;      ///< positions that it may ever need

  bool decodes() const { return known > request.prompt_tokens && known - computed == 1; }
};

namespace {

Error bad_option(std::string_view key, std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message)).key(key);
}

void check_options(const SchedulerOptions& options, const Capabilities& capabilities) {
  if (options.max_num_seqs < 1) {
    throw bad_option("max_num_seqs",
                     fmt::format("max_num_seqs must be at least 1, got {}", options.max_num_seqs));
  }
  if (options.max_num_seqs > capabilities.slots) {
    throw bad_option("max_num_seqs", fmt::format("max_num_seqs is {}, the session has {} slots",
                                                 options.max_num_seqs, capabilities.slots));
  }
  if (capabilities.ragged && options.max_num_batched_tokens < options.max_num_seqs) {
    throw bad_option(
        "max_num_batched_tokens",
        fmt::format("max_num_batched_tokens is {}, less than max_num_seqs ({}): not every running "
                    "sequence would have its row in a step",
                    options.max_num_batched_tokens, options.max_num_seqs));
  }
  if (options.max_prefill_runs < 1) {
    throw bad_option("max_prefill_runs",
                     fmt::format("max_prefill_runs must be at least 1, got {}", options.max_prefill_runs));
  }
  if (options.max_queue < 1) {
    throw bad_option("max_queue", fmt::format("max_queue must be at least 1, got {}", options.max_queue));
  }
  const bool decodes = !capabilities.decode.empty() || !capabilities.verify.empty();
  if (!capabilities.ragged && (capabilities.prefill.empty() || !decodes)) {
    throw Error(ErrorCode::kInvalidArgument, "the program has no compiled shape for prefill or for decode");
  }
}

/// All that decode runs can have.
std::vector<CompiledShape> decode_shapes(const Capabilities& capabilities) {
  std::vector<CompiledShape> shapes = capabilities.verify;
  for (const int64_t batch : capabilities.decode) shapes.push_back({batch, 1});
  std::sort(shapes.begin(), shapes.end(), [](const CompiledShape& a, const CompiledShape& b) {
    return std::pair(a.seq_len, a.batch) < std::pair(b.seq_len, b.batch);
  });
  return shapes;
}

}  // namespace

Scheduler::Scheduler(const SchedulerOptions& options, const Capabilities& capabilities, KvSlots& slots)
    : options_(options),
      capabilities_(capabilities),
      slots_(slots),
      policy_(make_policy(options.policy, options.policy_options)),
      budget_(options.step_budget),
      decode_shapes_(decode_shapes(capabilities)),
      by_slot_(capabilities.slots) {
  options_.max_num_batched_tokens = std::min(options_.max_num_batched_tokens, capabilities_.max_rows);
  check_options(options_, capabilities_);
  sort_by_size(capabilities_.prefill);
}

Scheduler::~Scheduler() = default;

// The last emitted token needs no position: nothing is computed behind it.
int64_t Scheduler::most_positions(const Request& request) const {
  return std::min(request.prompt_tokens + request.max_new_tokens - 1, capabilities_.ctx_len);
}

void Scheduler::check_fits(const Request& request) const {
  if (request.prompt_tokens < 1 || request.max_new_tokens < 1) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("a request has at least one prompt token and one to "
                                                         "generate, got {} and {}",
                                                         request.prompt_tokens, request.max_new_tokens));
  }
  if (request.prompt_tokens > capabilities_.ctx_len) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("the prompt has {} tokens, the context holds {}",
                                                         request.prompt_tokens, capabilities_.ctx_len));
  }
  if (std::min(most_positions(request), capabilities_.slot_tokens) > capabilities_.kv_tokens) {
    throw Error(
        ErrorCode::kInvalidArgument,
        fmt::format("the request may need {} tokens of memory for keys and values, there are {} in all",
                    most_positions(request), capabilities_.kv_tokens))
        .remedy("shorten the prompt or lower max_new_tokens");
  }
}

void Scheduler::submit(const Request& request) {
  check_fits(request);
  if (static_cast<int64_t>(waiting_.size()) - preempted_ >= options_.max_queue) {
    throw Error(ErrorCode::kBusy,
                fmt::format("the queue is full: {} requests wait already (max_queue)", options_.max_queue))
        .key("max_queue")
        .remedy("try again later, or raise max_queue");
  }
  const auto [place, fresh] = entries_.try_emplace(request.id);
  if (!fresh) throw Error(ErrorCode::kMisuse, fmt::format("request {} was submitted twice", request.id));
  place->second = std::make_unique<Entry>();
  Entry& entry = *place->second;
  entry.request = request;
  entry.rank = {policy_->rank(request, steps_), request.id};
  entry.known = request.prompt_tokens;
  entry.most = most_positions(request);
  waiting_.emplace(entry.rank, &entry);
}

bool Scheduler::cancel(RequestId id) {
  const auto place = entries_.find(id);
  if (place == entries_.end()) return false;
  leave(*place->second, false);
  return true;
}

RequestState Scheduler::state(RequestId id) const {
  const auto place = entries_.find(id);
  if (place == entries_.end()) {
    throw Error(ErrorCode::kNotFound, fmt::format("request {} is not in the scheduler", id));
  }
  return place->second->state;
}

const StepPlan& Scheduler::plan() {
  plan_.work.clear();
  plan_.admitted.clear();
  plan_.preempted.clear();
  plan_.no_room.clear();
  plan_.rows = plan_.decode_rows = plan_.draft_rows = 0;
  draft_rows_left_ = most_drafts_ = 0;
  reserve_for_running();
  admit_waiting();
  if (capabilities_.ragged) {
    fill_ragged();
  } else {
    fill_compiled();
  }
  return plan_;
}

void Scheduler::commit(std::span<const Outcome> outcomes, double seconds) {
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const Work& work = plan_.work[i];
    Entry& entry = *by_slot_[work.slot];
    // Of the proposed tokens those hold that were emitted; the token behind them has not been computed.
    entry.computed += work.count - work.drafts + std::max<int64_t>(outcomes[i].emitted - 1, 0);
    entry.known += outcomes[i].emitted;
    slots_.computed(work.slot, entry.computed);
    if (outcomes[i].finished) leave(entry, outcomes[i].discard);
  }
  ++steps_;
  if (capabilities_.ragged) {
    budget_.observe(plan_.decode_rows, plan_.rows - plan_.decode_rows - plan_.draft_rows, seconds);
  }
}

void Scheduler::restart() {
  for (Entry* entry : std::exchange(running_, {})) {
    by_slot_[entry->slot] = nullptr;
    slots_.discard(entry->slot);
    wait_again(*entry);
  }
  slots_.forget();
  ++steps_;
}

void Scheduler::clear() {
  while (!entries_.empty()) leave(*entries_.begin()->second, true);
  ++steps_;
}

int64_t Scheduler::draft_room(size_t work, int64_t most) {
  const Work& w = plan_.work[work];
  if (!w.decode) return 0;
  const Entry& entry = *by_slot_[w.slot];
  const int64_t wanted =
      std::min({most, most_drafts_, draft_rows_left_ + w.drafts, entry.most - entry.known});
  if (wanted <= 0) return 0;
  slots_.stretch(w.slot, entry.known + wanted);
  return std::clamp<int64_t>(slots_.room(w.slot) - entry.known, 0, wanted);
}

void Scheduler::set_drafts(size_t work, int64_t count) {
  Work& w = plan_.work[work];
  const int64_t more = count - w.drafts;
  w.drafts = count;
  w.count += more;
  plan_.rows += more;
  plan_.draft_rows += more;
  draft_rows_left_ -= more;
  if (plan_.kind != RunKind::kDecode) return;
  int64_t columns = 1;
  for (const Work& other : plan_.work) columns = std::max(columns, other.count);
  plan_.shape = *decode_shape(static_cast<int64_t>(plan_.work.size()), columns);
}

// From the best rank down, so that who is preempted for the others has not got its room yet, or loses it.
void Scheduler::reserve_for_running() {
  for (size_t i = 0; i < running_.size(); ++i) {
    while (i < running_.size() && !reserve_next(*running_[i])) preempt_last();
  }
}

bool Scheduler::reserve_next(Entry& entry) {
  return entry.known <= slots_.room(entry.slot) || slots_.grow(entry.slot, entry.known);
}

void Scheduler::preempt_last() {
  Entry& entry = *running_.back();
  running_.pop_back();
  by_slot_[entry.slot] = nullptr;
  slots_.discard(entry.slot);
  if (running_.empty()) {  // it had all memory, and the backend has less than it said
    plan_.no_room.push_back(entry.request.id);
    entries_.erase(entry.request.id);
    return;
  }
  wait_again(entry);
  ++preemptions_;
  plan_.preempted.push_back(entry.request.id);
}

void Scheduler::wait_again(Entry& entry) {
  entry.state = RequestState::kPreempted;
  entry.computed = 0;
  waiting_.emplace(entry.rank, &entry);
  ++preempted_;
}

void Scheduler::admit_waiting() {
  while (!waiting_.empty() && static_cast<int64_t>(running_.size()) < options_.max_num_seqs) {
    Entry& entry = *waiting_.begin()->second;
    const bool all = options_.memory == MemoryChoice::kWait;
    const int64_t tokens = all ? entry.most : entry.known;
    const int64_t headroom = all ? 0 : static_cast<int64_t>(running_.size()) * slots_.granule();
    const auto placement = slots_.admit(entry.request, entry.known, tokens, headroom);
    if (placement) {
      admit(entry, *placement);
    } else if (running_.empty()) {
      plan_.no_room.push_back(entry.request.id);
      leave(entry, false);
    } else {
      return;  // the first waits for memory, and nobody overtakes it
    }
  }
}

void Scheduler::admit(Entry& entry, const KvSlots::Placement& placement) {
  waiting_.erase({entry.rank, &entry});
  if (entry.state == RequestState::kPreempted) --preempted_;
  if (!entry.had_slot) policy_->admitted(entry.request);
  entry.had_slot = true;
  entry.state = RequestState::kRunning;
  entry.slot = placement.slot;
  entry.computed = placement.cached_tokens;
  by_slot_[entry.slot] = &entry;
  const auto after = std::find_if(running_.begin(), running_.end(),
                                  [&](const Entry* other) { return other->rank > entry.rank; });
  running_.insert(after, &entry);
  plan_.admitted.push_back({entry.request.id, placement.slot, placement.cached_tokens});
}

void Scheduler::add_work(const Entry& entry, int64_t count) {
  const bool decode = entry.decodes();
  plan_.work.push_back({.request = entry.request.id,
                        .slot = entry.slot,
                        .begin = entry.computed,
                        .count = count,
                        .emits = entry.computed + count == entry.known,
                        .decode = decode});
  plan_.rows += count;
  if (decode) plan_.decode_rows += count;
}

void Scheduler::fill_ragged() {
  plan_.kind = RunKind::kRagged;
  prompts_.clear();
  for (Entry* entry : running_) {
    if (entry->decodes()) {
      add_work(*entry, 1);
    } else {
      prompts_.push_back(entry);
    }
  }
  int64_t left = options_.max_num_batched_tokens - plan_.rows;
  const bool fixed = options_.step_budget.fixed > 0;
  if (plan_.decode_rows > 0 || fixed) left = std::min(left, budget_.prompt_tokens());
  for (const Entry* entry : prompts_) {
    const int64_t count = std::min(left, entry->known - entry->computed);
    if (count == 0) break;
    add_work(*entry, count);
    left -= count;
  }
  draft_rows_left_ = prompts_.empty() ? options_.max_num_batched_tokens - plan_.rows : left;
  most_drafts_ = draft_rows_left_;
}

void Scheduler::fill_compiled() {
  prompts_.clear();
  int64_t decoding = 0;
  for (Entry* entry : running_) {
    if (entry->decodes()) {
      ++decoding;
    } else {
      prompts_.push_back(entry);
    }
  }
  if (decoding == 0) prefill_runs_ = 0;  // nobody was kept waiting
  const bool decode = decoding > 0 && (prompts_.empty() || prefill_runs_ >= options_.max_prefill_runs);
  if (decode) {
    fill_decode_run(decoding);
    prefill_runs_ = 0;
  } else if (!prompts_.empty()) {
    fill_prefill_run();
    if (decoding > 0) ++prefill_runs_;
  }
}

/// The shortest shape that has as many columns, of these the one with fewest rows that holds all. Null: none.
const CompiledShape* Scheduler::decode_shape(int64_t rows, int64_t columns) const {
  const auto found = std::find_if(decode_shapes_.begin(), decode_shapes_.end(), [&](const CompiledShape& s) {
    return s.seq_len >= columns && s.batch >= rows;
  });
  return found == decode_shapes_.end() ? nullptr : &*found;
}

void Scheduler::fill_decode_run(int64_t decoding) {
  plan_.kind = RunKind::kDecode;
  // Who decodes in this run is settled among the shortest shapes, whatever is proposed later.
  const int64_t shortest = decode_shapes_.front().seq_len;
  int64_t batch = 0;
  for (const CompiledShape& shape : decode_shapes_) {
    if (shape.seq_len > shortest || batch >= decoding) break;
    batch = shape.batch;
    plan_.shape = shape;
  }
  // By slot from where the last run stopped: each has its turn, whoever comes and goes meanwhile.
  for (size_t seen = 0; seen < by_slot_.size() && plan_.rows < batch; ++seen) {
    const Entry* entry = by_slot_[turn_];
    turn_ = (turn_ + 1) % by_slot_.size();
    if (entry != nullptr && entry->decodes()) add_work(*entry, 1);
  }
  const auto rows = static_cast<int64_t>(plan_.work.size());
  for (const CompiledShape& shape : decode_shapes_) {
    if (shape.batch >= rows) most_drafts_ = std::max(most_drafts_, shape.seq_len - 1);
  }
  draft_rows_left_ = rows * most_drafts_;
}

void Scheduler::fill_prefill_run() {
  plan_.kind = RunKind::kPrefill;
  std::vector<int64_t> left;
  for (const Entry* entry : prompts_) left.push_back(entry->known - entry->computed);
  plan_.shape = prefill_shape(capabilities_.prefill, left);
  for (size_t i = 0; i < prompts_.size() && static_cast<int64_t>(i) < plan_.shape.batch; ++i) {
    add_work(*prompts_[i], std::min(plan_.shape.seq_len, left[i]));
  }
}

void Scheduler::leave(Entry& entry, bool discard) {
  if (entry.state == RequestState::kRunning) {
    running_.erase(std::find(running_.begin(), running_.end(), &entry));
    by_slot_[entry.slot] = nullptr;
    discard ? slots_.discard(entry.slot) : slots_.release(entry.slot);
  } else {
    waiting_.erase({entry.rank, &entry});
    if (entry.state == RequestState::kPreempted) --preempted_;
    if (!entry.had_slot) policy_->dropped(entry.request);
  }
  const RequestId id = entry.request.id;
  entries_.erase(id);
}

}  // namespace tessera::engine
