#include "runtime/generation/sequence.hpp"

#include <algorithm>
#include <utility>

namespace tessera {

std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
    case FinishReason::kTimeout:
      return "timeout";
  }
  return "unknown";
}

Sequence::Sequence(std::vector<int64_t> prompt, const Tokenizer* tokenizer, std::vector<std::string> stop,
                   SequenceLimits limits)
    : limits_(std::move(limits)), matcher_(std::move(stop)) {
  if (tokenizer != nullptr) {
    decoder_.emplace(*tokenizer);
    decoder_->prime(prompt);
  }
  result_.prompt_tokens = std::move(prompt);
  finished_ = limits_.max_new_tokens == 0;
}

std::string Sequence::accept(int64_t token) {
  result_.tokens.push_back(token);
  const bool ends =
      std::find(limits_.end_tokens.begin(), limits_.end_tokens.end(), token) != limits_.end_tokens.end();
  if (ends) return end(FinishReason::kStop);
  std::string shown = decoder_ ? show(decoder_->step(token)) : std::string();
  if (finished_) return shown;
  const bool at_limit = static_cast<int64_t>(result_.tokens.size()) == limits_.max_new_tokens;
  const bool context_full =
      static_cast<int64_t>(size()) > limits_.ctx_len;  // its row would have no place in the cache
  if (at_limit || context_full) shown += end(FinishReason::kLength);
  return shown;
}

std::string Sequence::show(const std::string& piece) {
  if (static_cast<int64_t>(result_.tokens.size()) <= limits_.min_new_tokens) {
    result_.text += piece;
    return piece;
  }
  std::string shown = matcher_.push(piece);
  result_.text += shown;
  if (matcher_.stopped()) {
    finished_ = true;
    result_.finish_reason = FinishReason::kStop;
  }
  return shown;
}

std::string Sequence::end(FinishReason reason) {
  std::string rest = decoder_ ? show(decoder_->finish()) : std::string();
  if (!finished_) {
    std::string held = matcher_.flush();
    result_.text += held;
    rest += held;
    result_.finish_reason = matcher_.stopped() ? FinishReason::kStop : reason;
    finished_ = true;
  }
  return rest;
}

GenerateResult Sequence::take_result() {
  return std::move(result_);
}

}  // namespace tessera
