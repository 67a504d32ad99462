#include "runtime/generation/batch_generator.hpp"

#include <algorithm>

namespace tessera {

BatchGenerator::BatchGenerator(StepRunner& runner, std::vector<Sequence>& sequences,
                               std::vector<sampling::Sampler> samplers, int64_t vocab_size, size_t max_rows)
    : runner_(runner),
      sequences_(sequences),
      samplers_(std::move(samplers)),
      computed_(sequences.size()),
      vocab_size_(vocab_size),
      max_rows_(max_rows) {}

bool BatchGenerator::done() const {
  return std::all_of(sequences_.begin(), sequences_.end(), [](const Sequence& s) { return s.finished(); });
}

std::pair<uint64_t, uint64_t> BatchGenerator::prompt_progress() const {
  uint64_t done = 0, total = 0;
  for (size_t i = 0; i < sequences_.size(); ++i) {
    const size_t prompt = sequences_[i].prompt().size();
    done += std::min(computed_[i], prompt);
    total += prompt;
  }
  return {done, total};
}

/// Adds what is left of a sequence, as far as it fits; true when its last token is among the rows.
bool BatchGenerator::add_rows(size_t index) {
  const Sequence& sequence = sequences_[index];
  size_t& computed = computed_[index];
  const size_t total = sequence.size();
  const size_t prompt = sequence.prompt().size();
  for (; computed < total && rows_.size() < max_rows_; ++computed) {
    const auto position = static_cast<int64_t>(computed);
    const auto rope_length = static_cast<int64_t>(computed < prompt ? prompt : computed + 1);
    rows_.push_back({sequence.token(computed), position, static_cast<uint32_t>(index), rope_length});
  }
  return computed == total;
}

void BatchGenerator::step(const std::function<void(size_t, std::string_view)>& on_text) {
  rows_.clear();
  logits_rows_.clear();
  owners_.clear();
  for (size_t i = 0; i < sequences_.size() && rows_.size() < max_rows_; ++i) {
    if (sequences_[i].finished() || !add_rows(i)) continue;
    logits_rows_.push_back(static_cast<int64_t>(rows_.size()) - 1);
    owners_.push_back(i);
  }
  const auto vocab = static_cast<size_t>(vocab_size_);
  logits_.resize(owners_.size() * vocab);
  const StepOutput output{"logits", {static_cast<int64_t>(owners_.size()), 1, vocab_size_}, logits_.data()};
  runner_.run(rows_, logits_rows_, {&output, 1});
  for (size_t i = 0; i < owners_.size(); ++i) {
    sampling::Sampler& sampler = samplers_[owners_[i]];
    sampling::Choice choice = sampler.choose(std::span(logits_).subspan(i * vocab, vocab), workspace_);
    sampler.accept(choice.token);
    const std::string text = sequences_[owners_[i]].accept(choice.token, std::move(choice.logprobs));
    if (!text.empty()) on_text(owners_[i], text);
  }
}

}  // namespace tessera
