#include "runtime/engine/speculator.hpp"

#include <algorithm>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::engine {

namespace {

/// So many rows take a device as long to compute as the weights take to be read: some hundred on a card.
constexpr double kRowsOfARun = 128;

}  // namespace

Speculator::Speculator(SpeculationOptions options)
    : options_(std::move(options)), drafter_(options_.drafter), run_length_(options_.lengths) {
  if (drafter_ != nullptr) speculation::AdaptiveLength check(options_.lengths);
}

void Speculator::begin(RequestId id, int64_t prompt_tokens,
                       std::unique_ptr<speculation::DraftChooser> chooser) {
  if (!on()) return;
  drafter_->begin(id, static_cast<size_t>(prompt_tokens), std::move(chooser));
  adaptive_.emplace(id, options_.lengths);
}

void Speculator::end(RequestId id) {
  if (on() && adaptive_.erase(id) > 0) drafter_->end(id);
}

void Speculator::plan(Scheduler& scheduler, const StepPlan& plan, std::span<const WorkTokens> tokens) {
  drafts_.clear();
  places_.clear();
  draft_of_work_.assign(plan.work.size(), kNone);
  if (!on()) return;
  options_.compiled ? plan_compiled(scheduler, plan, tokens) : plan_ragged(scheduler, plan, tokens);
}

void Speculator::plan_ragged(Scheduler& scheduler, const StepPlan& plan, std::span<const WorkTokens> tokens) {
  speculation::DraftCost cost = this->cost(plan);
  // Decode work comes first, a row each; what is left of the step is shared by those that are still to come.
  int64_t to_come = plan.decode_rows;
  for (size_t i = 0; i < plan.work.size() && plan.work[i].decode; ++i, --to_come) {
    const int64_t share =
        std::min(scheduler.draft_rows_left() / to_come, static_cast<int64_t>(options_.lengths.back()));
    cost.free_rows = static_cast<size_t>(scheduler.draft_room(i, share));
    plan_work(scheduler, plan.work[i], i, tokens[i], cost);
  }
}

/// All sequences do as one does, so a row of each is what one more token costs.
speculation::DraftCost Speculator::cost(const StepPlan& plan) const {
  const double step_s = step_cost_.seconds(plan.decode_rows);
  if (step_s <= 0) return {};
  return {.draft_token = drafter_->seconds_per_token() / step_s,
          .verify_row = static_cast<double>(plan.decode_rows) * step_cost_.seconds_per_row() / step_s};
}

void Speculator::plan_work(Scheduler& scheduler, const Work& work, size_t place, const WorkTokens& tokens,
                           const speculation::DraftCost& cost) {
  const auto adaptive = adaptive_.find(work.request);
  if (adaptive == adaptive_.end()) return;
  const size_t rows = adaptive->second.next(cost);
  // Where proposing costs nothing a look tells whether it would pay again.
  const bool look = rows == 0 && drafter_->seconds_per_token() == 0;
  if (rows == 0 && !look) return;
  scheduler.set_drafts(place, static_cast<int64_t>(rows));
  add_draft(work, place, tokens, rows);
}

void Speculator::add_draft(const Work& work, size_t place, const WorkTokens& tokens, size_t rows) {
  draft_of_work_[place] = drafts_.size();
  drafts_.push_back({.sequence = work.request, .tokens = tokens.tokens, .most = std::max<size_t>(rows, 1)});
  places_.push_back({place, rows});
}

/// As many for each as pay for all; what costs nothing is asked for as far as there is room.
void Speculator::plan_compiled(Scheduler& scheduler, const StepPlan& plan,
                               std::span<const WorkTokens> tokens) {
  if (plan.kind != RunKind::kDecode) return;
  const size_t longest = options_.lengths.back();
  members_.clear();
  for (size_t i = 0; i < plan.work.size(); ++i) {
    const auto adaptive = adaptive_.find(plan.work[i].request);
    const bool begun = adaptive != adaptive_.end();
    members_.push_back(
        {begun ? adaptive->second.acceptance() : 0,
         begun ? static_cast<size_t>(scheduler.draft_room(i, static_cast<int64_t>(longest))) : 0});
  }
  run_cost_ = {.draft_token = options_.draft_cost,
               .column = static_cast<double>(plan.shape.batch) / kRowsOfARun,
               .free_columns = static_cast<size_t>(plan.shape.seq_len - 1)};
  const size_t length = options_.draft_cost > 0 ? run_length_.next(members_, run_cost_) : longest;
  for (size_t i = 0; i < plan.work.size(); ++i) {
    const size_t rows = std::min(length, members_[i].most);
    if (rows > 0) add_draft(plan.work[i], i, tokens[i], rows);
  }
}

void Speculator::propose() {
  if (drafts_.empty() || lost_) return;
  const auto fail = [&](const std::exception& error) {
    error_ = error.what();
    for (speculation::Draft& draft : drafts_) draft.proposals.clear();
  };
  try {
    drafter_->propose(drafts_);
  } catch (const Error& error) {
    fail(error);
    lost_ = error.code() == ErrorCode::kDeviceLost;
    if (!lost_) drafter_ = nullptr;
  } catch (const std::exception& error) {
    fail(error);
    drafter_ = nullptr;
  }
}

void Speculator::reopened() {
  if (!lost_) return;
  lost_ = false;
  error_.clear();
}

void Speculator::settle(Scheduler& scheduler) {
  options_.compiled ? settle_compiled(scheduler) : settle_ragged(scheduler);
}

/// One length for the run, from what has come. Where proposing does not pay, the first token of each is still
/// compared, to learn whether it would.
void Speculator::settle_compiled(Scheduler& scheduler) {
  for (speculation::RunMember& member : members_) member.most = 0;
  for (size_t i = 0; i < drafts_.size(); ++i)
    members_[places_[i].work].most = std::min(drafts_[i].proposals.size(), places_[i].rows);
  const size_t length = drafts_.empty() ? 0 : run_length_.fit(members_, run_cost_);
  for (size_t i = 0; i < drafts_.size(); ++i) {
    std::vector<int64_t>& proposals = drafts_[i].proposals;
    places_[i].rows = std::min(length, members_[places_[i].work].most);
    proposals.resize(std::min(proposals.size(), std::max<size_t>(places_[i].rows, 1)));
    if (places_[i].rows > 0) scheduler.set_drafts(places_[i].work, static_cast<int64_t>(places_[i].rows));
  }
}

void Speculator::settle_ragged(Scheduler& scheduler) {
  for (size_t i = 0; i < drafts_.size(); ++i) {
    if (places_[i].rows == 0) continue;
    drafts_[i].proposals.resize(std::min(drafts_[i].proposals.size(), places_[i].rows));
    scheduler.set_drafts(places_[i].work, static_cast<int64_t>(drafts_[i].proposals.size()));
  }
}

std::span<const int64_t> Speculator::proposals(size_t work) const {
  const size_t draft = draft_of_work_[work];
  if (draft == kNone || places_[draft].rows == 0) return {};
  return drafts_[draft].proposals;
}

void Speculator::observe(const StepPlan& plan, double seconds) {
  if (plan.rows == plan.decode_rows + plan.draft_rows) step_cost_.observe(plan.rows, seconds);
}

void Speculator::verified(size_t work, std::span<const int64_t> emitted, speculation::Counters& counters) {
  const size_t draft = draft_of_work_[work];
  if (draft == kNone || emitted.empty()) return;
  const std::vector<int64_t>& proposals = drafts_[draft].proposals;
  if (proposals.empty()) return;
  const auto first_different =
      std::mismatch(proposals.begin(), proposals.end(), emitted.begin(), emitted.end()).first;
  const auto accepted = static_cast<size_t>(first_different - proposals.begin());
  if (const auto adaptive = adaptive_.find(drafts_[draft].sequence); adaptive != adaptive_.end())
    adaptive->second.record(proposals.size(), accepted);
  if (places_[draft].rows == 0) return;
  counters.record(proposals.size(), accepted);
  counters_.record(proposals.size(), accepted);
}

speculation::Counters Speculator::take_counters() {
  return std::exchange(counters_, {});
}

}  // namespace tessera::engine
