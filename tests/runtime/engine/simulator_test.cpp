/// Properties that hold for every workload, tried on many: the bounds of runtime/engine/scheduler.hpp.
#include "runtime/engine/simulator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace tessera::engine {
namespace {

int64_t ceil_div(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

Capabilities ragged(uint32_t slots) {
  return {.ragged = true, .slots = slots, .ctx_len = 1024, .max_rows = 512};
}

Capabilities compiled(uint32_t slots) {
  return {.ragged = false,
          .slots = slots,
          .ctx_len = 1024,
          .prefill = {{1, 32}, {1, 128}, {4, 32}},
          .decode = {1, 4}};
}

/// With shapes for 2 and 5 proposals, of which the longer has fewer rows, and perhaps none without proposals.
Capabilities verifying(uint32_t slots, bool plain) {
  Capabilities capabilities = compiled(slots);
  if (!plain) capabilities.decode.clear();
  capabilities.verify = {{1, 3}, {4, 3}, {2, 6}};
  return capabilities;
}

struct Case {
  const char* name;
  std::string policy;
  bool is_ragged;
  MemoryChoice memory;
  int64_t kv_tokens;  ///< of all slots
  int64_t most_drafts = 0;
};

class EveryWorkload : public testing::TestWithParam<Case> {
 protected:
  SimulatorOptions options(uint64_t seed) const {
    const auto slots = static_cast<uint32_t>(1 + seed % 9);
    SimulatorOptions options;
    options.capabilities = GetParam().is_ragged          ? ragged(slots)
                           : GetParam().most_drafts == 0 ? compiled(slots)
                                                         : verifying(slots, seed % 2 == 0);
    options.capabilities.kv_tokens = GetParam().kv_tokens;
    options.block_tokens = 16;  // growing by less than requests ask for: some must be preempted
    options.most_drafts = GetParam().most_drafts;
    options.acceptance = 0.1 * static_cast<double>(seed % 11);
    options.draft_seed = seed;
    options.scheduler.policy = GetParam().policy;
    options.scheduler.policy_options = {.ageing_steps = 50, .weights = {{"tenant0", 5}}};
    options.scheduler.max_num_seqs = slots;
    options.scheduler.max_num_batched_tokens = 16 + static_cast<int64_t>(seed % 5) * 50;
    options.scheduler.step_budget.fixed = seed % 3 == 0 ? 0 : static_cast<int64_t>(1 + seed % 20);
    options.scheduler.memory = GetParam().memory;
    options.scheduler.max_prefill_runs = 1 + static_cast<int64_t>(seed % 3);
    return options;
  }
  static WorkloadOptions workload(uint64_t seed) {
    return {.seed = seed,
            .requests = 60,
            .rate = seed % 2 == 0 ? 0 : 5.0,
            .most_prompt = 300,
            .most_new = 100,
            .tenants = 3,
            .priorities = 4,
            .cancelled = seed % 4 == 0 ? 0.3 : 0};
  }
};

// simulate() itself throws when work is doubled, out of order or not reserved, and when a request is lost.
TEST_P(EveryWorkload, EndsEachRequestExactlyOnceWithinMemory) {
  uint64_t preemptions = 0, drafted = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    const auto requests = make_workload(workload(seed));
    const SimulatorOptions simulator = options(seed);
    const SimulationReport report = simulate(simulator, requests);
    EXPECT_LE(report.most_reserved, GetParam().kv_tokens);
    preemptions += report.preemptions;
    drafted += report.drafted;
    for (size_t i = 0; i < requests.size(); ++i) {
      const SimulatedRequest& r = report.requests[i];
      EXPECT_FALSE(r.refused) << i;
      EXPECT_GE(r.finish_s, requests[i].arrival_s) << i;
      if (!r.cancelled) {
        EXPECT_EQ(r.emitted, requests[i].new_tokens) << i;
      }
    }
  }
  const bool tight = GetParam().kv_tokens < 1000 && GetParam().memory == MemoryChoice::kPreempt;
  EXPECT_EQ(preemptions > 0, tight);
  EXPECT_EQ(drafted > 0, GetParam().most_drafts > 0);
}

TEST_P(EveryWorkload, KeepsNoRunningSequenceWaitingLongerThanStated) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const SimulatorOptions simulator = options(seed);
    const int64_t rounds = ceil_div(simulator.capabilities.slots, 4);
    const int64_t bound = GetParam().is_ragged ? 1 : (simulator.scheduler.max_prefill_runs + 1) * rounds;
    const SimulationReport report = simulate(simulator, make_workload(workload(seed)));
    for (const SimulatedRequest& r : report.requests) EXPECT_LE(r.largest_gap, bound) << seed;
  }
}

/// The bound on the steps until a request's first one, given those ahead of it.
int64_t first_step_bound(const SimulatorOptions& options, const std::vector<WorkloadRequest>& ahead) {
  const Capabilities& c = options.capabilities;
  const int64_t slots = c.slots;
  const int64_t chunk = c.ragged ? std::min(StepBudget(options.scheduler.step_budget).least(),
                                            options.scheduler.max_num_batched_tokens - slots + 1)
                                 : 32;
  const int64_t decode_runs = (options.scheduler.max_prefill_runs + 1) * ceil_div(slots, 4);
  int64_t bound = c.ragged ? 1 : 2;
  for (const WorkloadRequest& r : ahead) {
    const bool again = options.scheduler.memory == MemoryChoice::kPreempt;
    if (c.ragged) {
      bound += ceil_div(r.prompt_tokens + (again ? r.max_new_tokens : 0), chunk) + r.max_new_tokens;
    } else {
      bound += 1 + 2 * ceil_div(r.prompt_tokens + r.max_new_tokens, chunk) + r.max_new_tokens * decode_runs;
    }
  }
  return bound;
}

class DefaultPolicy : public EveryWorkload {};

TEST_P(DefaultPolicy, GivesEachPromptItsFirstStepWithinItsBound) {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    const auto requests = make_workload(workload(seed));
    const SimulatorOptions simulator = options(seed);
    const SimulationReport report = simulate(simulator, requests);
    for (size_t i = 0; i < requests.size(); ++i) {
      const SimulatedRequest& r = report.requests[i];
      if (r.cancelled) continue;
      std::vector<WorkloadRequest> ahead;
      for (size_t j = 0; j < i; ++j) {
        const SimulatedRequest& other = report.requests[j];
        if (other.cancelled || other.finished_step >= r.submitted_step) ahead.push_back(requests[j]);
      }
      EXPECT_LE(r.first_step - r.submitted_step, first_step_bound(simulator, ahead)) << seed << ' ' << i;
    }
  }
}

const Case kDefaultPolicy[] = {
    {"fcfs_ragged", "fcfs", true, MemoryChoice::kPreempt, 100000},
    {"fcfs_ragged_tight", "fcfs", true, MemoryChoice::kPreempt, 640},
    {"fcfs_ragged_tight_wait", "fcfs", true, MemoryChoice::kWait, 640},
    {"fcfs_ragged_drafts", "fcfs", true, MemoryChoice::kPreempt, 100000, 8},
    {"fcfs_ragged_tight_drafts", "fcfs", true, MemoryChoice::kPreempt, 640, 8},
    {"fcfs_ragged_tight_wait_drafts", "fcfs", true, MemoryChoice::kWait, 640, 3},
    {"fcfs_compiled", "fcfs", false, MemoryChoice::kPreempt, 100000},
    {"fcfs_compiled_tight", "fcfs", false, MemoryChoice::kPreempt, 640},
    {"fcfs_compiled_tight_wait", "fcfs", false, MemoryChoice::kWait, 640},
    {"fcfs_compiled_drafts", "fcfs", false, MemoryChoice::kPreempt, 100000, 8},
    {"fcfs_compiled_tight_drafts", "fcfs", false, MemoryChoice::kPreempt, 640, 8},
    {"fcfs_compiled_tight_wait_drafts", "fcfs", false, MemoryChoice::kWait, 640, 3},
};
const Case kOtherPolicies[] = {
    {"priority_ragged", "priority", true, MemoryChoice::kPreempt, 100000},
    {"priority_ragged_tight", "priority", true, MemoryChoice::kPreempt, 640},
    {"priority_compiled_tight_wait", "priority", false, MemoryChoice::kWait, 640},
    {"fair_ragged_tight", "fair", true, MemoryChoice::kPreempt, 640},
    {"fair_ragged_tight_drafts", "fair", true, MemoryChoice::kPreempt, 640, 20},
    {"fair_compiled", "fair", false, MemoryChoice::kPreempt, 100000},
    {"fair_compiled_tight", "fair", false, MemoryChoice::kPreempt, 640},
    {"priority_compiled_tight_drafts", "priority", false, MemoryChoice::kPreempt, 640, 8},
};
std::string case_name(const testing::TestParamInfo<Case>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Default, EveryWorkload, testing::ValuesIn(kDefaultPolicy), case_name);
INSTANTIATE_TEST_SUITE_P(Others, EveryWorkload, testing::ValuesIn(kOtherPolicies), case_name);
INSTANTIATE_TEST_SUITE_P(Simulator, DefaultPolicy, testing::ValuesIn(kDefaultPolicy), case_name);

/// One request among a flood that never ends as long as it waits.
int64_t steps_against_a_flood(const std::string& policy, int64_t flood) {
  SimulatorOptions options{.capabilities = ragged(2)};
  options.scheduler = {
      .policy = policy, .policy_options = {.ageing_steps = 100}, .max_num_seqs = 2, .max_queue = 100000};
  std::vector<WorkloadRequest> requests(static_cast<size_t>(flood) + 1);
  for (size_t i = 0; i < requests.size(); ++i) {
    requests[i] = {.arrival_s = 0.1 * static_cast<double>(i),
                   .prompt_tokens = 20,
                   .max_new_tokens = 8,
                   .new_tokens = 8,
                   .tenant = "flood"};
  }
  requests[10].tenant = "quiet";
  requests[10].priority = 3;  // less urgent than all others
  const SimulationReport report = simulate(options, requests);
  return report.requests[10].first_step - report.requests[10].submitted_step;
}

TEST(Starvation, IsUnknownToAnyPolicy) {
  for (const char* policy : {"fcfs", "priority", "fair"}) {
    EXPECT_EQ(steps_against_a_flood(policy, 1000), steps_against_a_flood(policy, 4000)) << policy;
  }
}

TEST(FairPolicy, SharesByWeightWhileAllAreBusy) {
  SimulatorOptions options{.capabilities = ragged(8)};
  options.scheduler = {
      .policy = "fair", .policy_options = {.weights = {{"a", 3}}, .ageing_tokens = 1e-6}, .max_num_seqs = 8};
  std::vector<WorkloadRequest> requests;
  for (int i = 0; i < 2000; ++i) {
    requests.push_back(
        {.prompt_tokens = 20, .max_new_tokens = 20, .new_tokens = 20, .tenant = i % 2 ? "a" : "b"});
  }
  const SimulationReport report = simulate(options, requests);
  // When three quarters of a's requests and a quarter of b's are done, both have had their share.
  std::vector<std::pair<int64_t, bool>> ends;
  for (size_t i = 0; i < requests.size(); ++i) ends.emplace_back(report.requests[i].finished_step, i % 2);
  std::sort(ends.begin(), ends.end());
  const auto of_a =
      std::count_if(ends.begin(), ends.begin() + 1000, [](const auto& end) { return end.second; });
  EXPECT_NEAR(static_cast<double>(of_a), 750, 30);
}

TEST(QueueLimit, RefusesWhatIsBeyondItAndServesTheRest) {
  SimulatorOptions options{.capabilities = ragged(4)};
  options.scheduler = {.max_num_seqs = 4, .max_queue = 50};
  const SimulationReport report = simulate(options, make_workload({.requests = 10050}));
  const auto refused = std::count_if(report.requests.begin(), report.requests.end(),
                                     [](const SimulatedRequest& r) { return r.refused; });
  EXPECT_EQ(refused, 10000);
}

/// The goal of docs/engine.md for a machine like the one of docs/performance.md: what 8 streams feel of a
/// long prompt, and what the prompt feels of them.
TEST(LongPrompt, NeitherStallsTheStreamsNorIsStalledByThem) {
  const std::vector<WorkloadRequest> alone{{.prompt_tokens = 4000, .max_new_tokens = 1, .new_tokens = 1}};
  std::vector<WorkloadRequest> requests(8, {.prompt_tokens = 16, .max_new_tokens = 600, .new_tokens = 600});
  requests.push_back({.arrival_s = 3, .prompt_tokens = 4000, .max_new_tokens = 1, .new_tokens = 1});
  SimulatorOptions options{.capabilities = {.slots = 9, .ctx_len = 8192, .max_rows = 512}};
  options.scheduler.max_num_seqs = 9;
  const SimulationReport report = simulate(options, requests);
  const double alone_s = simulate(options, alone).requests[0].ttft_s;
  EXPECT_GE(alone_s / report.requests[8].ttft_s, 0.75);
  const double decode_s = options.cost.seconds(8);
  double largest = 0;
  for (size_t i = 0; i < 8; ++i) largest = std::max(largest, report.requests[i].largest_gap_s);
  EXPECT_LE(largest / decode_s, 4);
}

TEST(CompiledShapes, RunNoFinishedSlotOn) {
  SimulatorOptions options{.capabilities = compiled(4)};
  options.scheduler.max_num_seqs = 4;
  const std::vector<WorkloadRequest> requests{{.prompt_tokens = 32, .max_new_tokens = 100, .new_tokens = 100},
                                              {.prompt_tokens = 32, .max_new_tokens = 4, .new_tokens = 4}};
  const SimulationReport report = simulate(options, requests);
  // Both prompts in one run of 4 x 32; three decode runs of 4 rows for two; then runs of 1.
  EXPECT_EQ(report.padding_rows, 2U * 32 + 3 * 2);
  EXPECT_EQ(report.steps, 1U + 99);
}

}  // namespace
}  // namespace tessera::engine
