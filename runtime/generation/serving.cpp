#include "runtime/generation/serving.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/engine/compiled_runner.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

/// A program with compiled shapes has its slots, whatever is wished.
EngineSettings within(EngineSettings settings, const std::optional<ProgramShapes>& shapes) {
  if (shapes) settings.max_num_seqs = std::min(settings.max_num_seqs, shapes->slots);
  return settings;
}

BackendSession::Shape session_shape(const CompiledModel& model, const GraphFacts& facts, int64_t ctx_len,
                                    const EngineSettings& settings) {
  if (model.stateless()) {
    throw Error(ErrorCode::kNotSupported, "a graph without a KV cache cannot generate")
        .remedy("compile with the passes kv-cache, slots and select-logits");
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
          .decode = shapes ? shapes->decode : std::vector<int64_t>()};
}

std::unique_ptr<engine::PlanRunner> make_runner(BackendSession& session, bool ragged, int64_t vocab_size) {
  if (ragged) return std::make_unique<engine::RaggedRunner>(session, vocab_size);
  return std::make_unique<engine::CompiledRunner>(session, vocab_size);
}

engine::EngineOptions engine_options(const GraphFacts& facts, const EngineSettings& s) {
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
          .prefix_reuse = s.prefix_caching && !facts.rope_length};
}

}  // namespace

Serving::Serving(const CompiledModel& model, const GraphFacts& facts, int64_t ctx_len,
                 const EngineSettings& settings)
    : shapes_(program_shapes(model.program())),
      session_(model.program(), session_shape(model, facts, ctx_len, within(settings, shapes_))),
      runner_(make_runner(session_, !shapes_, facts.vocab_size)),
      engine_(*runner_, session_, capabilities_of(session_, settings, shapes_), facts.vocab_size,
              engine_options(facts, within(settings, shapes_))) {}

EngineStatistics Serving::statistics() const {
  const engine::EngineCounters c = engine_.counters();
  return {.steps = c.steps,
          .decode_rows = c.decode_rows,
          .prompt_rows = c.prompt_rows,
          .padding_rows = c.padding_rows,
          .run_s = c.run_s,
          .overhead_s = c.overhead_s,
          .finished = c.finished,
          .cancelled = c.cancelled,
          .timed_out = c.timed_out,
          .failed = c.failed,
          .refused = c.refused,
          .preemptions = c.preemptions,
          .prefix_queries = c.kv.prefix_queries,
          .prefix_hits = c.kv.prefix_hits,
          .forks = c.kv.forks,
          .resumes = c.kv.resumes,
          .evictions = c.kv.evictions,
          .running = c.running,
          .waiting = c.waiting,
          .kv_reserved_tokens = c.kv_reserved_tokens};
}

}  // namespace tessera
