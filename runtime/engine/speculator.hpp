/// Speculation in the steps of the engine: how many tokens are proposed for whom, and what became of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/engine/plan_runner.hpp"
#include "runtime/engine/scheduler.hpp"
#include "runtime/engine/step_cost.hpp"
#include "runtime/speculation/adaptive_length.hpp"
#include "runtime/speculation/drafter.hpp"
#include "runtime/speculation/run_length.hpp"
#include "tessera/speculation.hpp"

namespace tessera::engine {

struct SpeculationOptions {
  speculation::Drafter* drafter = nullptr;  ///< outlives the engine, used by nobody else; null: there is none
  std::vector<size_t> lengths = {};         ///< tokens proposed at once, as AdaptiveLength takes them
  /// Lengths are compiled shapes of decode runs: one for all rows of a run, chosen by RunLength.
  bool compiled = false;
  /// Compiled: what a token of the draft model costs, as a part of a decode run; prompt lookup: 0.
  double draft_cost = 0;
};

/// For each step:
///
///     plan()      reserves rows for as many proposals as are expected to pay
///     propose()   asks the drafter for them; the one call that may take long
///     settle()    gives back the rows of those that did not come; of compiled shapes: takes the one that
///     pays proposals() is what runs behind the known tokens of a work verified()  compares with what the
///     target chose
///
/// The engine's thread alone.
class Speculator {
 public:
  /// Without a drafter all calls do nothing.
  explicit Speculator(SpeculationOptions options);

  bool on() const { return drafter_ != nullptr; }
  /// A request that may be drafted for; chooser as Drafter::begin() takes it.
  void begin(RequestId id, int64_t prompt_tokens, std::unique_ptr<speculation::DraftChooser> chooser);
  void end(RequestId id);

  /// `tokens` by work of the scheduler's plan, and good until settle().
  void plan(Scheduler& scheduler, const StepPlan& plan, std::span<const WorkTokens> tokens);
  /// What the drafter throws ends speculation, not the requests: their texts do not depend on it. After a
  /// lost device it goes on with reopened().
  void propose();
  /// The sessions of a lost device were made anew, the drafter's too.
  void reopened();
  void settle(Scheduler& scheduler);
  std::span<const int64_t> proposals(size_t work) const;
  /// The run of the plan took that long.
  void observe(const StepPlan& plan, double seconds);
  /// `emitted`: by this work in this step. Adds to `counters`, and to those of take_counters().
  void verified(size_t work, std::span<const int64_t> emitted, speculation::Counters& counters);

  /// Of all requests since the last call.
  speculation::Counters take_counters();
  /// Why there is no speculation any more, or not until reopened(); empty: nothing has failed.
  const std::string& error() const { return error_; }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Place {
    size_t work;
    size_t rows;  ///< that the plan has for it; 0: it is only compared, to learn whether proposing would pay
  };

  speculation::DraftCost cost(const StepPlan& plan) const;
  void plan_ragged(Scheduler& scheduler, const StepPlan& plan, std::span<const WorkTokens> tokens);
  void plan_compiled(Scheduler& scheduler, const StepPlan& plan, std::span<const WorkTokens> tokens);
  void settle_ragged(Scheduler& scheduler);
  void settle_compiled(Scheduler& scheduler);
  void add_draft(const Work& work, size_t place, const WorkTokens& tokens, size_t rows);
  void plan_work(Scheduler& scheduler, const Work& work, size_t place, const WorkTokens& tokens,
                 const speculation::DraftCost& cost);

  SpeculationOptions options_;
  speculation::Drafter* drafter_;  ///< null once it has failed
  StepCost step_cost_;
  speculation::RunLength run_length_;
  std::unordered_map<RequestId, speculation::AdaptiveLength> adaptive_;
  speculation::Counters counters_;
  std::string error_;
  bool lost_ = false;  ///< the drafter's device

  // Of the step.
  std::vector<speculation::Draft> drafts_;
  std::vector<Place> places_;          ///< by draft
  std::vector<size_t> draft_of_work_;  ///< kNone: none
  std::vector<speculation::RunMember> members_;
  speculation::RunCost run_cost_;
};

}  // namespace tessera::engine
