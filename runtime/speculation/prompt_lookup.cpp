#include "runtime/speculation/prompt_lookup.hpp"

#include <fmt/format.h>

#include "tessera/sdk/error.hpp"

namespace tessera::speculation {

PromptLookup::PromptLookup(std::span<const int64_t> prompt, PromptLookupOptions options) {
  if (options.min_ngram < 1 || options.max_ngram < options.min_ngram) {
    throw Error(ErrorCode::kInvalidArgument, fmt::format("runs of {} to {} tokens cannot be looked up",
                                                         options.min_ngram, options.max_ngram))
        .key("prompt_lookup")
        .remedy("give 1 <= min_ngram <= max_ngram");
  }
  for (size_t length = options.max_ngram; length >= options.min_ngram; --length)
    indices_.emplace_back(length);
  text_.reserve(prompt.size());
  for (const int64_t token : prompt) accept(token);
}

void PromptLookup::accept(int64_t token) {
  text_.push_back(token);
  for (sampling::NgramIndex& index : indices_) index.push(text_);
}

void PromptLookup::propose(size_t count, std::vector<int64_t>& proposals) const {
  proposals.clear();
  for (const sampling::NgramIndex& index : indices_) {
    const size_t end = index.latest(text_);
    if (end == sampling::NgramIndex::kNone) continue;
    for (size_t i = 0; i < count; ++i) {
      const size_t from = end + i;
      proposals.push_back(from < text_.size() ? text_[from] : proposals[from - text_.size()]);
    }
    return;
  }
}

}  // namespace tessera::speculation
