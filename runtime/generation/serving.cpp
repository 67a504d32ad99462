#include "runtime/generation/serving.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <set>
#include <string_view>
#include <utility>

#include "runtime/engine/compiled_runner.hpp"
#include "runtime/speculation/lookup_drafter.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"

namespace tessera {
namespace {

/// A setting that would do nothing is a misunderstanding.
void check_used(const EngineSettings& s, bool compiled) {
  const EngineSettings usual;
  const auto refuse = [](const char* key, std::string what, const char* remedy) {
    throw Error(ErrorCode::kInvalidArgument, std::move(what)).key(key).remedy(remedy);
  };
  if (s.speculation == "off" && !s.num_speculative_tokens.empty())
    refuse("num_speculative_tokens", "speculative tokens are given, and speculation is off",
           "--speculation prompt-lookup");
  if (s.speculation != "draft" && !s.draft_options.empty())
    refuse("draft_options", "options of a draft model are given, and speculation is not 'draft'",
           "--speculation draft --draft-model MODEL");
  if (s.scheduling_policy != "priority" && s.ageing_steps != usual.ageing_steps)
    refuse("ageing_steps", "ageing_steps is of the scheduling policy 'priority' alone",
           "--scheduling-policy priority");
  if (s.scheduling_policy != "fair" && (s.ageing_tokens != usual.ageing_tokens || !s.tenant_weights.empty()))
    refuse(s.tenant_weights.empty() ? "ageing_tokens" : "tenant_weights",
           "ageing_tokens and tenant_weights are of the scheduling policy 'fair' alone",
           "--scheduling-policy fair");
  if (compiled && s.max_num_batched_tokens != usual.max_num_batched_tokens)
    refuse("max_num_batched_tokens", "the rows of a step are compiled: max_num_batched_tokens does nothing",
           "leave it away; shapes are chosen by the options of the backend");
  if (compiled && s.prefill_chunk != 0)
    refuse("prefill_chunk", "the prompt tokens of a step are compiled: prefill_chunk does nothing",
           "leave it away; shapes are chosen by the options of the backend");
  if (!compiled && s.max_prefill_runs != usual.max_prefill_runs)
    refuse("max_prefill_runs", "max_prefill_runs is of backends with compiled shapes alone",
           "--prefill-chunk bounds the prompt tokens of a step");
}

/// Checked; a program with compiled shapes has its slots, whatever is wished.
EngineSettings within(EngineSettings settings, const std::optional<ProgramShapes>& shapes) {
  check_used(settings, shapes.has_value());
  if (shapes) settings.max_num_seqs = std::min(settings.max_num_seqs, shapes->slots);
  return settings;
}

/// More are seldom accepted in a row, and on a machine whose steps are bound by the weights rows are cheap.
constexpr size_t kSpeculativeTokens = 8;

BackendSession::Shape session_shape(const CompiledModel& model, const GraphFacts& facts, int64_t ctx_len,
                                    const EngineSettings& settings) {
  if (model.stateless()) {
    throw Error(ErrorCode::kNotSupported, "a graph without a KV cache cannot generate")
        .remedy("compile with the passes kv-cache, slots and select-logits");
  }
  const auto is_tokens = [](const graph::ValueInfo& output) { return output.name == "next_tokens"; };
  if (std::any_of(model.outputs().begin(), model.outputs().end(), is_tokens)) {
    throw Error(
        ErrorCode::kNotSupported,
        "the compiled graph draws tokens itself (pass device-sampler) with noise of its own; the engine "
        "draws them from logits, which it does not give")
        .key("include-sampler")
        .remedy("compile without include-sampler");
  }
  if (settings.max_num_seqs < 1 || settings.max_num_seqs > 65536) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("max_num_seqs must be between 1 and 65536, got {}", settings.max_num_seqs))
        .key("max_num_seqs");
  }
  return {.slots = static_cast<uint32_t>(settings.max_num_seqs),
          .ctx_len = static_cast<uint64_t>(ctx_len),
          .max_rows = kMaxRows,
          .rope_length = facts.rope_length,
          .reserve = false};
}

engine::Capabilities capabilities_of(const BackendSession& session, const EngineSettings& settings,
                                     const std::optional<ProgramShapes>& shapes) {
  const int64_t all = session.free_tokens();
  return {.ragged = !shapes,
          .slots = session.shape().slots,
          .ctx_len = static_cast<int64_t>(session.shape().ctx_len),
          .max_rows = static_cast<int64_t>(session.shape().max_rows),
          .kv_tokens = settings.kv_tokens > 0 ? std::min(settings.kv_tokens, all) : all,
          .slot_tokens = session.slot_tokens(),
          .fork = session.can_fork(),
          .prefill = shapes ? shapes->prefill : std::vector<engine::CompiledShape>(),
          .decode = shapes ? shapes->decode : std::vector<int64_t>(),
          .verify = shapes ? shapes->verify : std::vector<engine::CompiledShape>()};
}

std::unique_ptr<engine::PlanRunner> make_plan_runner(BackendSession& session, bool ragged,
                                                     int64_t vocab_size) {
  if (ragged) return std::make_unique<engine::RaggedRunner>(session, vocab_size);
  return std::make_unique<engine::CompiledRunner>(session);
}

constexpr std::array<std::string_view, 3> kSpeculations{"off", "prompt-lookup", "draft"};

std::unique_ptr<speculation::Drafter> make_lookup(const EngineSettings& settings) {
  if (settings.speculation == "off" || settings.speculation == "draft") return nullptr;
  if (settings.speculation == "prompt-lookup") return std::make_unique<speculation::LookupDrafter>();
  throw Error(ErrorCode::kInvalidArgument, fmt::format("unknown speculation '{}'", settings.speculation))
      .key("speculation")
      .remedy(did_you_mean(settings.speculation, kSpeculations));
}

/// One number K: 1 to K.
std::vector<size_t> draft_lengths(const EngineSettings& settings) {
  const std::vector<int64_t>& given = settings.num_speculative_tokens;
  std::vector<size_t> lengths(given.begin(), given.end());
  if (lengths.size() > 1 && lengths.front() == 0) lengths.erase(lengths.begin());  // that needs no length
  if (given.size() > 1) return lengths;
  const size_t most = lengths.empty() ? kSpeculativeTokens : lengths.front();
  if (most > kMaxRows) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("{} speculative tokens are more than the {} rows of a step", most, kMaxRows))
        .key("num_speculative_tokens");
  }
  lengths.resize(most);
  std::iota(lengths.begin(), lengths.end(), 1);
  return lengths;
}

/// Those that are compiled, as far as the settings want them.
std::vector<size_t> compiled_lengths(const EngineSettings& settings, const ProgramShapes& shapes) {
  std::set<int64_t> compiled;
  for (const engine::CompiledShape& shape : shapes.verify) compiled.insert(shape.seq_len - 1);
  const auto refuse = [&](std::string message) {
    throw Error(ErrorCode::kInvalidArgument, std::move(message))
        .key("num_speculative_tokens")
        .remedy(compiled.empty() ? "compile the model for speculation, too: num_speculative_tokens 0,3 "
                                   "(CompileOptions::num_speculative_tokens)"
                                 : "compile for those numbers, or give some of these");
  };
  if (compiled.empty()) refuse("the program was compiled without shapes that verify proposals");
  const std::vector<int64_t>& given = settings.num_speculative_tokens;
  const auto check = [&](int64_t length, bool fits) {
    if (fits) return;
    refuse(fmt::format("{} speculative tokens do not fit the compiled numbers: {}", length,
                       fmt::join(compiled, ", ")));
  };
  std::vector<size_t> lengths;
  if (given.size() < 2) {  // up to K
    for (const int64_t length : compiled)
      if (given.empty() || length <= given.front()) lengths.push_back(static_cast<size_t>(length));
    check(given.empty() ? 0 : given.front(), !lengths.empty());
    return lengths;
  }
  for (const int64_t length : given) {
    check(length, length == 0 || compiled.contains(length));
    if (length > 0) lengths.push_back(static_cast<size_t>(length));
  }
  return lengths;
}

/// A year is as good as for ever, and what a clock can count.
constexpr double kLongestTimeout = 365.0 * 24 * 3600;

void check_faults(const EngineSettings& s) {
  if (!(s.step_timeout >= 0 && s.step_timeout <= kLongestTimeout)) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("step_timeout is {}, expected seconds from 0 to a year", s.step_timeout))
        .key("step_timeout");
  }
  if (s.max_reloads < 0) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("max_reloads is {}, expected 0 or more", s.max_reloads))
        .key("max_reloads");
  }
}

/// What the draft model's weights are of the target's: so much of a run costs a token of it, as far as
/// reading weights bounds both.
double draft_cost(const DraftSession& draft, const CompiledModel& target) {
  const auto bytes = static_cast<double>(draft.weight_bytes());
  const auto all = static_cast<double>(target.info().packed_weight_bytes);
  return all > 0 ? std::max(bytes / all, 1e-3) : 1.0;
}

engine::EngineOptions engine_options(const GraphFacts& facts, const EngineSettings& s,
                                     engine::SpeculationOptions speculation, std::function<void()> reload) {
  check_faults(s);
  return {.scheduler = {.policy = s.scheduling_policy,
                        .policy_options = {.ageing_steps = s.ageing_steps,
                                           .weights = s.tenant_weights,
                                           .ageing_tokens = s.ageing_tokens},
                        .max_num_seqs = s.max_num_seqs,
                        .max_num_batched_tokens = s.max_num_batched_tokens,
                        .step_budget = {.fixed = std::max<int64_t>(s.prefill_chunk, 0)},
                        .max_prefill_runs = s.max_prefill_runs,
                        .max_queue = s.max_queue,
                        .memory = s.preempt ? engine::MemoryChoice::kPreempt : engine::MemoryChoice::kWait},
          // Keys of such graphs depend on the prompt's length, not on the tokens before them alone.
          .prefix_reuse = s.prefix_caching && !facts.rope_length,
          .speculation = std::move(speculation),
          .step_timeout_s = s.step_timeout,
          .reload = s.max_reloads > 0 ? std::move(reload) : nullptr,
          .max_reloads = s.max_reloads};
}

}  // namespace

Serving::Serving(const CompiledModel& model, const GraphFacts& facts, int64_t ctx_len,
                 const EngineSettings& settings, std::unique_ptr<DraftSession> draft)
    : shapes_(program_shapes(model.program())),
      session_(model.program(), session_shape(model, facts, ctx_len, within(settings, shapes_))),
      runner_(make_plan_runner(session_, !shapes_, facts.vocab_size)),
      draft_(std::move(draft)),
      lookup_(make_lookup(settings)),
      engine_(*runner_, session_, capabilities_of(session_, settings, shapes_), facts.vocab_size,
              engine_options(facts, within(settings, shapes_), speculation(model, settings),
                             [this] { reopen(); })) {}

engine::SpeculationOptions Serving::speculation(const CompiledModel& model,
                                                const EngineSettings& settings) const {
  engine::SpeculationOptions options{.drafter = draft_ ? &draft_->drafter() : lookup_.get()};
  if (options.drafter == nullptr) return options;
  options.lengths = shapes_ ? compiled_lengths(settings, *shapes_) : draft_lengths(settings);
  options.compiled = shapes_.has_value();
  if (shapes_ && draft_) options.draft_cost = draft_cost(*draft_, model);
  return options;
}

void Serving::reopen() {
  session_.reopen();
  if (draft_) draft_->reopen();
}

std::vector<int64_t> compiled_speculative_tokens(const EngineSettings& settings) {
  if (settings.speculation == "off") return {};
  const std::vector<int64_t>& given = settings.num_speculative_tokens;
  if (given.empty()) return {0, 3};
  if (given.size() > 1) return given;
  return {0, given.front()};
}

EngineStatistics Serving::statistics() const {
  const engine::EngineCounters c = engine_.counters();
  return {.steps = c.steps,
          .decode_rows = c.decode_rows,
          .prompt_rows = c.prompt_rows,
          .padding_rows = c.padding_rows,
          .run_s = c.run_s,
          .draft_s = c.draft_s,
          .overhead_s = c.overhead_s,
          .finished = c.finished,
          .cancelled = c.cancelled,
          .timed_out = c.timed_out,
          .failed = c.failed,
          .refused = c.refused,
          .preemptions = c.preemptions,
          .reloads = c.reloads,
          .prefix_queries = c.kv.prefix_queries,
          .prefix_hits = c.kv.prefix_hits,
          .forks = c.kv.forks,
          .resumes = c.kv.resumes,
          .evictions = c.kv.evictions,
          .running = c.running,
          .waiting = c.waiting,
          .kv_reserved_tokens = c.kv_reserved_tokens,
          .speculation = c.speculation,
          .speculation_error = c.speculation_error};
}

}  // namespace tessera
