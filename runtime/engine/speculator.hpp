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
#include "tessera/speculation.hpp"

namespace tessera::engine {

/// For each step:
///
///     plan()      reserves rows for as many proposals as are expected to pay
///     propose()   asks the drafter for them; the one call that may take long
///     settle()    gives back the rows of those that did not come
///     proposals() is what runs behind the known tokens of a work
///     verified()  compares with what the target chose
///
/// The engine's thread alone.
class Speculator {
 public:
  /// drafter  outlives this; null: there is no speculation, and all calls do nothing
  /// lengths  as AdaptiveLength takes them
  Speculator(speculation::Drafter* drafter, std::vector<size_t> lengths);

  bool on() const { return drafter_ != nullptr; }
  /// A request that may be drafted for; chooser as Drafter::begin() takes it.
  void begin(RequestId id, int64_t prompt_tokens, std::unique_ptr<speculation::DraftChooser> chooser);
  void end(RequestId id);

  /// `tokens` by work of the scheduler's plan, and good until settle().
  void plan(Scheduler& scheduler, const StepPlan& plan, std::span<const WorkTokens> tokens);
  /// What the drafter throws ends speculation, not the requests: their texts do not depend on it.
  void propose();
  void settle(Scheduler& scheduler);
  std::span<const int64_t> proposals(size_t work) const;
  /// The run of the plan took that long.
  void observe(const StepPlan& plan, double seconds);
  /// `emitted`: by this work in this step. Adds to `counters`, and to those of take_counters().
  void verified(size_t work, std::span<const int64_t> emitted, speculation::Counters& counters);

  /// Of all requests since the last call.
  speculation::Counters take_counters();
  /// Why there is no speculation any more; empty: nothing has failed.
  const std::string& error() const { return error_; }

 private:
  static constexpr size_t kNone = SIZE_MAX;
  struct Place {
    size_t work;
    size_t rows;  ///< that the plan has for it; 0: it is only compared, to learn whether proposing would pay
  };

  speculation::DraftCost cost(const StepPlan& plan) const;
  void plan_work(Scheduler& scheduler, const Work& work, size_t place, const WorkTokens& tokens,
                 const speculation::DraftCost& cost);

  speculation::Drafter* drafter_;
  std::vector<size_t> lengths_;
  StepCost step_cost_;
  std::unordered_map<RequestId, speculation::AdaptiveLength> adaptive_;
  speculation::Counters counters_;
  std::string error_;

  // Of the step.
  std::vector<speculation::Draft> drafts_;
  std::vector<Place> places_;          ///< by draft
  std::vector<size_t> draft_of_work_;  ///< kNone: none
};

}  // namespace tessera::engine
