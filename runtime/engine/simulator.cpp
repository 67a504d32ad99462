#include "runtime/engine/simulator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <queue>
#include <random>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {
namespace {

Error broken(std::string message) {
  return Error(ErrorCode::kInternal, std::move(message)).during("simulating the scheduler");
}

/// Counts blocks.
class CountingMemory final : public SlotMemory {
 public:
  CountingMemory(uint32_t slots, int64_t tokens, int64_t block_tokens)
      : block_tokens_(block_tokens), free_blocks_(tokens / block_tokens), blocks_(slots) {}

  void reset(uint32_t slot) override {
    free_blocks_ += blocks_[slot];
    blocks_[slot] = 0;
  }
  bool reserve(uint32_t slot, int64_t tokens) override {
    const int64_t more = (tokens + block_tokens_ - 1) / block_tokens_ - blocks_[slot];
    if (more > free_blocks_) return false;
    if (more > 0) {
      free_blocks_ -= more;
      blocks_[slot] += more;
    }
    return true;
  }
  bool truncate(uint32_t, int64_t) override { return true; }
  bool fork(uint32_t, uint32_t, int64_t) override { return false; }
  int64_t free_tokens() const override { return free_blocks_ * block_tokens_; }
  int64_t room(uint32_t slot) const { return blocks_[slot] * block_tokens_; }

 private:
  int64_t block_tokens_;
  int64_t free_blocks_;
  std::vector<int64_t> blocks_;
};

class Simulation {
 public:
  Simulation(const SimulatorOptions& options, const std::vector<WorkloadRequest>& workload);
  SimulationReport run();

 private:
  void arrive();
  void submit(size_t index);
  void cancel_due();
  void draft(const StepPlan& plan);
  void step(const StepPlan& plan);
  bool is_compiled(const StepPlan& plan) const;
  void check_shape(const StepPlan& plan) const;
  void check_work(const Work& work) const;
  Outcome outcome(const Work& work);
  int64_t accepted_drafts(const Work& work);
  void emit(size_t index);

  const SimulatorOptions& options_;
  const std::vector<WorkloadRequest>& workload_;
  SimulationReport report_;
  CountingMemory memory_;
  KvSlots slots_;
  Scheduler scheduler_;
  size_t next_ = 0;  ///< of the workload to arrive
  size_t live_ = 0;
  std::vector<int64_t> computed_, last_step_;
  std::vector<double> last_s_;
  std::vector<Outcome> outcomes_;
  std::mt19937_64 random_;
  using Due = std::pair<double, size_t>;
  std::priority_queue<Due, std::vector<Due>, std::greater<>> cancels_;
};

Simulation::Simulation(const SimulatorOptions& options, const std::vector<WorkloadRequest>& workload)
    : options_(options),
      workload_(workload),
      memory_(options.capabilities.slots,
              std::min(options.capabilities.kv_tokens,
                       options.capabilities.ctx_len * static_cast<int64_t>(options.capabilities.slots)),
              options.block_tokens),
      slots_({.slots = options.capabilities.slots,
              .ctx_len = options.capabilities.ctx_len,
              .prefix_reuse = false,
              .granule = options.block_tokens},
             memory_),
      scheduler_(options.scheduler, options.capabilities, slots_),
      computed_(workload.size()),
      last_step_(workload.size(), -1),
      last_s_(workload.size()),
      random_(options.draft_seed) {
  report_.requests.resize(workload.size());
}

SimulationReport Simulation::run() {
  while (report_.steps < options_.most_steps) {
    arrive();
    cancel_due();
    const StepPlan& plan = scheduler_.plan();
    if (!plan.no_room.empty())
      throw broken(fmt::format("request {} found no room in empty memory", plan.no_room[0]));
    if (!plan.work.empty()) {
      draft(plan);
      step(plan);
    } else if (!scheduler_.idle()) {
      throw broken(fmt::format("{} requests wait and nothing runs", scheduler_.waiting()));
    } else if (next_ < workload_.size()) {
      report_.seconds = std::max(report_.seconds, workload_[next_].arrival_s);
    } else {
      break;
    }
  }
  if (live_ > 0 && report_.steps < options_.most_steps)
    throw broken(fmt::format("{} requests were lost", live_));
  report_.preemptions = scheduler_.preemptions();
  return std::move(report_);
}

void Simulation::arrive() {
  for (; next_ < workload_.size() && workload_[next_].arrival_s <= report_.seconds; ++next_) submit(next_);
}

void Simulation::submit(size_t index) {
  const WorkloadRequest& request = workload_[index];
  SimulatedRequest& record = report_.requests[index];
  try {
    scheduler_.submit({.id = index,
                       .prompt_tokens = request.prompt_tokens,
                       .max_new_tokens = request.max_new_tokens,
                       .tenant = request.tenant,
                       .priority = request.priority});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBusy && error.code() != ErrorCode::kInvalidArgument) throw;
    record.refused = true;
    return;
  }
  record.submitted_step = static_cast<int64_t>(report_.steps);
  ++live_;
  if (request.cancel_s >= 0) cancels_.emplace(request.cancel_s, index);
}

void Simulation::cancel_due() {
  for (; !cancels_.empty() && cancels_.top().first <= report_.seconds; cancels_.pop()) {
    const size_t index = cancels_.top().second;
    SimulatedRequest& record = report_.requests[index];
    const bool here = scheduler_.cancel(index);
    if (here == (record.finish_s >= 0)) throw broken(fmt::format("request {} ended twice or never", index));
    if (!here) continue;
    record.cancelled = true;
    record.finish_s = report_.seconds;
    --live_;
  }
}

/// Proposals, of which some do not come after all.
void Simulation::draft(const StepPlan& plan) {
  if (options_.most_drafts == 0) return;
  for (size_t i = 0; i < plan.work.size() && plan.work[i].decode; ++i) {
    const auto wanted = static_cast<int64_t>(random_() % static_cast<uint64_t>(options_.most_drafts + 1));
    scheduler_.set_drafts(i, scheduler_.draft_room(i, wanted));
    if (random_() % 4 == 0) scheduler_.set_drafts(i, plan.work[i].drafts / 2);
    report_.drafted += static_cast<uint64_t>(plan.work[i].drafts);
  }
}

void Simulation::step(const StepPlan& plan) {
  check_shape(plan);
  for (const StepPlan::Admitted& admitted : plan.admitted)
    computed_[admitted.request] = admitted.cached_tokens;
  for (const RequestId id : plan.preempted) {
    ++report_.requests[id].preemptions;
    last_step_[id] = -1;
  }
  const bool compiled = plan.kind != RunKind::kRagged;
  const int64_t rows = compiled ? plan.shape.batch * plan.shape.seq_len : plan.rows;
  const double seconds = options_.cost.seconds(rows);
  report_.seconds += seconds;
  report_.rows += static_cast<uint64_t>(plan.rows);
  report_.padding_rows += static_cast<uint64_t>(rows - plan.rows);
  outcomes_.clear();
  for (const Work& work : plan.work) outcomes_.push_back(outcome(work));
  report_.most_reserved = std::max(report_.most_reserved, slots_.reserved_tokens());
  ++report_.steps;
  scheduler_.commit(outcomes_, seconds);
}

bool Simulation::is_compiled(const StepPlan& plan) const {
  const Capabilities& c = options_.capabilities;
  const auto has = [&](const std::vector<CompiledShape>& shapes) {
    return std::find(shapes.begin(), shapes.end(), plan.shape) != shapes.end();
  };
  if (plan.kind == RunKind::kPrefill) return has(c.prefill);
  const bool plain = plan.shape.seq_len == 1 &&
                     std::find(c.decode.begin(), c.decode.end(), plan.shape.batch) != c.decode.end();
  return plain || has(c.verify);
}

void Simulation::check_shape(const StepPlan& plan) const {
  if (plan.kind == RunKind::kRagged) {
    const int64_t most = options_.scheduler.max_num_batched_tokens;
    if (plan.rows > most) throw broken(fmt::format("a step of {} rows, {} are allowed", plan.rows, most));
    return;
  }
  if (static_cast<int64_t>(plan.work.size()) > plan.shape.batch) {
    throw broken(fmt::format("{} sequences in a shape of {}", plan.work.size(), plan.shape.batch));
  }
  if (!is_compiled(plan)) {
    throw broken(
        fmt::format("a run of {} x {}, which is not compiled", plan.shape.batch, plan.shape.seq_len));
  }
  for (const Work& work : plan.work) {
    if (work.count > plan.shape.seq_len || work.decode != (plan.kind == RunKind::kDecode)) {
      throw broken(fmt::format("request {} does not fit into its run", work.request));
    }
  }
}

void Simulation::check_work(const Work& work) const {
  const WorkloadRequest& request = workload_[work.request];
  const SimulatedRequest& record = report_.requests[work.request];
  const int64_t end = work.begin + work.count;
  const int64_t known = request.prompt_tokens + record.emitted;
  const int64_t most =
      std::min(request.prompt_tokens + request.max_new_tokens - 1, options_.capabilities.ctx_len);
  if (record.submitted_step < 0 || record.finish_s >= 0) {
    throw broken(fmt::format("work for request {}, which is not there", work.request));
  }
  if (work.begin != computed_[work.request] || end - work.drafts > known || work.count - work.drafts < 1 ||
      work.emits != (end - work.drafts == known) || (work.drafts > 0 && !work.decode) || end > most) {
    throw broken(fmt::format("request {} has {} of {} tokens computed and works on {} to {}", work.request,
                             computed_[work.request], known, work.begin, end));
  }
  if (end > memory_.room(work.slot)) {
    throw broken(fmt::format("request {} writes {} tokens, {} are reserved", work.request, end,
                             memory_.room(work.slot)));
  }
}

Outcome Simulation::outcome(const Work& work) {
  check_work(work);
  const auto index = static_cast<size_t>(work.request);
  SimulatedRequest& record = report_.requests[index];
  if (record.first_step < 0) record.first_step = static_cast<int64_t>(report_.steps);
  computed_[index] = work.begin + work.count - work.drafts;
  if (!work.emits) return {};
  const WorkloadRequest& request = workload_[index];
  const int64_t accepted = std::min(accepted_drafts(work), request.new_tokens - record.emitted - 1);
  for (int64_t i = 0; i <= accepted; ++i) emit(index);
  computed_[index] += accepted;
  const bool context_full = request.prompt_tokens + record.emitted > options_.capabilities.ctx_len;
  const bool finished = record.emitted == request.new_tokens || context_full;
  if (finished) {
    record.finished_step = static_cast<int64_t>(report_.steps);
    record.finish_s = report_.seconds;
    --live_;
  }
  return {.emitted = 1 + accepted, .finished = finished};
}

int64_t Simulation::accepted_drafts(const Work& work) {
  int64_t accepted = 0;
  while (accepted < work.drafts && std::generate_canonical<double, 53>(random_) < options_.acceptance)
    ++accepted;
  return accepted;
}

void Simulation::emit(size_t index) {
  SimulatedRequest& record = report_.requests[index];
  const auto step = static_cast<int64_t>(report_.steps);
  if (record.emitted++ == 0) {
    record.ttft_s = report_.seconds - workload_[index].arrival_s;
  } else {
    const double gap = report_.seconds - last_s_[index];
    if (options_.keep_events) report_.gaps_s.push_back(gap);
    record.largest_gap_s = std::max(record.largest_gap_s, gap);
    if (last_step_[index] >= 0) record.largest_gap = std::max(record.largest_gap, step - last_step_[index]);
  }
  last_step_[index] = step;
  last_s_[index] = report_.seconds;
  ++report_.emitted;
}

}  // namespace

double CostModel::seconds(int64_t rows) const {
  return overhead_s + std::max(weights_s, row_s * static_cast<double>(rows));
}

SimulationReport simulate(const SimulatorOptions& options, const std::vector<WorkloadRequest>& workload) {
  return Simulation(options, workload).run();
}

}  // namespace tessera::engine
