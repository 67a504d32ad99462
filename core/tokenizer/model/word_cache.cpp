#include "core/tokenizer/model/word_cache.hpp"

#include <atomic>

namespace tessera::tokenizer {

uint64_t WordCache::new_owner() noexcept {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

WordCache& WordCache::of_this_thread() {
  thread_local const std::unique_ptr<WordCache> cache = std::make_unique<WordCache>();
  return *cache;
}

}  // namespace tessera::tokenizer
