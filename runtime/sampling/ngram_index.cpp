#include "runtime/sampling/ngram_index.hpp"

#include <algorithm>

namespace tessera::sampling {
namespace {

/// Different runs may share a hash: whoever follows the chain compares the runs themselves.
uint64_t hash_of(std::span<const int64_t> run) {
  uint64_t hash = 0x9E3779B97F4A7C15U;
  for (const int64_t token : run) {
    hash = (hash ^ static_cast<uint64_t>(token)) * 0xFF51AFD7ED558CCDU;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

void NgramIndex::push(std::span<const int64_t> text) {
  const size_t end = text.size();
  before_.resize(end + 1, kNone);
  if (end < length_) return;
  const auto [entry, is_new] = last_.try_emplace(hash_of(run(text, end)), end);
  if (is_new) return;
  before_[end] = entry->second;
  entry->second = end;
}

void NgramIndex::pop(std::span<const int64_t> text) {
  const size_t end = text.size();
  if (end >= length_) {
    const auto entry = last_.find(hash_of(run(text, end)));
    if (before_[end] == kNone) {
      last_.erase(entry);
    } else {
      entry->second = before_[end];
    }
  }
  before_.pop_back();
}

size_t NgramIndex::earlier(std::span<const int64_t> text, size_t end) const {
  if (text.size() < length_ || end >= before_.size()) return kNone;
  const std::span<const int64_t> wanted = run(text, text.size());
  for (end = before_[end]; end != kNone; end = before_[end]) {
    const std::span<const int64_t> found = run(text, end);
    if (std::equal(found.begin(), found.end(), wanted.begin())) return end;
  }
  return kNone;
}

}  // namespace tessera::sampling
