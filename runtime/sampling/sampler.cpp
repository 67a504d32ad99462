#include "runtime/sampling/sampler.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "runtime/sampling/gumbel_max.hpp"
#include "runtime/sampling/log_probabilities.hpp"
#include "runtime/sampling/processors.hpp"
#include "runtime/sampling/row_loops.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::sampling {
namespace {

/// The largest logit. Throws for what is no logit.
float checked_largest(std::span<const float> logits) {
  const RowScan scan = scan_row(logits);
  if (scan.all_below) return scan.largest;
  const auto odd =
      std::find_if(logits.begin(), logits.end(), [](float logit) { return !(logit < kInfinity); });
  throw Error(ErrorCode::kInternal, fmt::format("the logit of token {} is {}", odd - logits.begin(), *odd))
      .remedy("check the checkpoint's weights for NaN and infinity");
}

/// Puts a row's logits back when the scope ends.
class EditScope {
 public:
  EditScope(std::span<float> logits, LogitEdits& edits) : logits_(logits), edits_(edits) { edits_.clear(); }
  ~EditScope() { edits_.take_back(logits_); }
  EditScope(const EditScope&) = delete;
  EditScope& operator=(const EditScope&) = delete;

 private:
  std::span<float> logits_;
  LogitEdits& edits_;
};

}  // namespace

Sampler::Sampler(SamplingParams params, std::span<const int64_t> prompt, std::span<const int64_t> end_tokens,
                 uint32_t choice_index)
    : params_(std::move(params)),
      end_tokens_(end_tokens.begin(), end_tokens.end()),
      noise_(params_.seed.value_or(0), choice_index),
      history_(prompt, std::max<int64_t>(params_.no_repeat_ngram_size, 0)) {
  validate(params_);
  if (!params_.greedy() && !params_.seed) throw Error(ErrorCode::kMisuse, "a sampled text needs a seed");
}

Sampler Sampler::fork(uint32_t choice_index) const {
  Sampler other = *this;
  other.noise_ = Noise(params_.seed.value_or(0), choice_index);
  return other;
}

Sampler Sampler::without_logprobs() const {
  Sampler other = *this;
  other.params_.logprobs = -1;
  return other;
}

void Sampler::accept(int64_t token) {
  history_.accept(token);
}

void Sampler::rollback(size_t accepted) {
  if (accepted > history_.generated()) {
    throw Error(ErrorCode::kMisuse,
                fmt::format("rollback to {} tokens, only {} were accepted", accepted, history_.generated()));
  }
  history_.rollback(accepted);
}

void Sampler::process(std::span<float> logits, Workspace& workspace) const {
  LogitEdits& edits = workspace.edits;
  add_bias(params_.logit_bias, logits, edits);
  penalize_repetition(params_.repetition_penalty, history_.counts(), logits, edits);
  penalize_presence_and_frequency(params_.presence_penalty, params_.frequency_penalty, history_.counts(),
                                  logits, edits);
  history_.banned(workspace.tokens);
  ban(workspace.tokens, logits, edits);
  if (accepted() < static_cast<size_t>(params_.min_tokens)) ban(end_tokens_, logits, edits);
}

float Sampler::process_and_check(std::span<float> logits, float raw_largest, Workspace& workspace) const {
  process(logits, workspace);
  const float largest = workspace.edits.empty() ? raw_largest : checked_largest(logits);
  if (largest > -kInfinity) return largest;
  throw Error(ErrorCode::kInvalidArgument, "the sampling parameters leave no token to choose from")
      .remedy("relax no_repeat_ngram_size, min_tokens or logit_bias");
}

void Sampler::filter(std::span<const float> logits, float largest, Workspace& workspace) const {
  const bool selects = params_.top_k > 0 && static_cast<size_t>(params_.top_k) < logits.size();
  const float threshold =
      selects ? kth_largest(logits, static_cast<size_t>(params_.top_k), workspace.values) : -kInfinity;
  collect(logits, threshold, largest, params_.temperature, workspace.candidates);
  if (params_.top_p < 1) keep_top_p(params_.top_p, workspace);
  if (params_.min_p > 0) keep_min_p(params_.min_p, workspace);
  if (params_.typical_p < 1) keep_typical(params_.typical_p, workspace);
}

const Candidates& Sampler::candidates(std::span<float> logits, Workspace& workspace) const {
  const float raw_largest = checked_largest(logits);
  const EditScope scope(logits, workspace.edits);
  filter(logits, process_and_check(logits, raw_largest, workspace), workspace);
  drop_impossible(workspace.candidates);
  return workspace.candidates;
}

Choice Sampler::choose(std::span<float> logits, Workspace& workspace) const {
  const float raw_largest = checked_largest(logits);
  Choice choice{0, std::nullopt};
  {
    const EditScope scope(logits, workspace.edits);
    const float largest = process_and_check(logits, raw_largest, workspace);
    if (params_.greedy()) {
      // The block of the first one, then the place in it.
      const size_t block = next_block_at_least(logits, 0, largest);
      choice.token = std::find(logits.begin() + static_cast<std::ptrdiff_t>(block), logits.end(), largest) -
                     logits.begin();
    } else {
      filter(logits, largest, workspace);
      choice.token = gumbel_max(workspace.candidates, noise_, accepted(), workspace);
    }
  }
  if (params_.logprobs >= 0) {
    choice.logprobs =
        log_probabilities(logits, raw_largest, choice.token, params_.logprobs, workspace.values);
  }
  return choice;
}

}  // namespace tessera::sampling
