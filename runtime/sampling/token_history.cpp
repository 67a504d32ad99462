#include "runtime/sampling/token_history.hpp"

namespace tessera::sampling {

TokenHistory::TokenHistory(std::span<const int64_t> prompt, int64_t ngram_size)
    : prompt_(prompt.size()), ngram_size_(static_cast<size_t>(ngram_size)) {
  text_.assign(prompt.begin(), prompt.end());
  for (const int64_t token : prompt) ++count_of(token).in_prompt;
  if (ngram_size_ == 0) return;
  ngrams_.emplace(ngram_size_ - 1);
  for (size_t size = 1; size <= prompt_; ++size) ngrams_->push(std::span(text_).first(size));
}

TokenCount& TokenHistory::count_of(int64_t token) {
  const auto [entry, is_new] = place_.try_emplace(token, counts_.size());
  if (is_new) counts_.push_back({token, 0, 0});
  return counts_[entry->second];
}

void TokenHistory::accept(int64_t token) {
  text_.push_back(token);
  ++count_of(token).generated;
  if (ngrams_) ngrams_->push(text_);
}

void TokenHistory::rollback(size_t generated) {
  while (this->generated() > generated) {
    if (ngrams_) ngrams_->pop(text_);
    --count_of(text_.back()).generated;
    text_.pop_back();
  }
}

void TokenHistory::banned(std::vector<int64_t>& tokens) const {
  tokens.clear();
  if (!ngrams_) return;
  if (ngram_size_ == 1) {
    // The run before the next token is empty and stands everywhere.
    for (const TokenCount& count : counts_) {
      if (count.in_prompt + count.generated > 0) tokens.push_back(count.token);
    }
    return;
  }
  for (size_t end = ngrams_->latest(text_); end != NgramIndex::kNone; end = ngrams_->earlier(text_, end)) {
    tokens.push_back(text_[end]);
  }
}

}  // namespace tessera::sampling
