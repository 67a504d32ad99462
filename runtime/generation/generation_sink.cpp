#include "runtime/generation/generation_sink.hpp"

#include <algorithm>
#include <utility>

namespace tessera {
namespace {

GenerateMetrics public_metrics(const engine::RequestMetrics& m, size_t prompt_tokens) {
  GenerateMetrics metrics;
  metrics.queue_s = m.queue_s;
  metrics.ttft_s = m.ttft_s;
  metrics.total_s = m.total_s;
  metrics.mean_itl_s = m.mean_itl_s;
  metrics.largest_itl_s = m.largest_itl_s;
  metrics.cached_tokens = m.cached_tokens;
  metrics.preemptions = m.preemptions;
  metrics.speculation = m.speculation;
  if (m.tokens > 0) metrics.prompt_tps = static_cast<double>(prompt_tokens) / std::max(m.ttft_s, 1e-9);
  const double all = static_cast<double>(prompt_tokens) + static_cast<double>(m.tokens);
  if (m.tokens > 0) metrics.total_tps = all / std::max(m.total_s, 1e-9);
  if (m.tokens > 1) metrics.decode_tps = 1 / std::max(m.mean_itl_s, 1e-9);
  return metrics;
}

}  // namespace

void GenerationSink::prompt_progress(int64_t computed) {
  if (events_.prompt) events_.prompt(computed);
}

bool GenerationSink::accept(int64_t token) {
  if (events_.token) events_.token(token);
  show(sequence_.accept(token));
  return !sequence_.finished();
}

void GenerationSink::end(engine::EndReason reason, std::exception_ptr error,
                         const engine::RequestMetrics& metrics) {
  try {
    if (error) std::rethrow_exception(error);
    // What was held back as the possible beginning of a stop text is text after all.
    if (!sequence_.finished()) {
      show(sequence_.end(reason == engine::EndReason::kTimeout     ? FinishReason::kTimeout
                         : reason == engine::EndReason::kCancelled ? FinishReason::kCancelled
                                                                   : FinishReason::kLength));
    }
  } catch (...) {
    if (events_.end) events_.end(std::current_exception(), {});
    return;
  }
  const size_t prompt_tokens = sequence_.prompt().size();
  GenerateResult result = sequence_.take_result();
  result.metrics = public_metrics(metrics, prompt_tokens);
  result.seed = seed_;
  if (logprobs_) result.logprobs = std::move(*logprobs_);
  if (events_.end) events_.end(nullptr, std::move(result));
}

void GenerationSink::show(const std::string& text) {
  if (!text.empty() && events_.text) events_.text(text);
}

}  // namespace tessera
