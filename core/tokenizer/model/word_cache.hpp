/// Remembers the tokens of recent words. One per thread, shared by all models of the thread, so nothing is
/// locked and a model stays immutable; a result never depends on what is cached.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

#include "core/tokenizer/model/model.hpp"
#include "core/tokenizer/text/hash.hpp"

namespace tessera::tokenizer {

class WordCache {
 public:
  static constexpr size_t kMaxBytes = 32;
  static constexpr size_t kMaxTokens = 8;

  /// Names a model for as long as the process lives; 0 is never given.
  static uint64_t new_owner() noexcept;
  /// The cache of the calling thread.
  static WordCache& of_this_thread();

  /// An entry is the place where the word's tokens are or would be; valid until the next call on this thread.
  struct Entry {
    uint64_t owner = 0;
    uint8_t bytes = 0;
    uint8_t tokens = 0;
    char word[kMaxBytes];
    ModelToken token[kMaxTokens];
  };

  static bool takes(std::string_view word) noexcept { return word.size() <= kMaxBytes; }

  Entry& entry(uint64_t owner, std::string_view word) noexcept {
    return entries_[(hash_bytes(word) ^ owner) & (kEntries - 1)];
  }
  static bool holds(const Entry& entry, uint64_t owner, std::string_view word) noexcept {
    return entry.owner == owner && entry.bytes == word.size() &&
           std::memcmp(entry.word, word.data(), word.size()) == 0;
  }
  static void store(Entry& entry, uint64_t owner, std::string_view word,
                    std::span<const ModelToken> tokens) noexcept {
    if (tokens.size() > kMaxTokens) return;
    entry.owner = owner;
    entry.bytes = static_cast<uint8_t>(word.size());
    entry.tokens = static_cast<uint8_t>(tokens.size());
    std::memcpy(entry.word, word.data(), word.size());
    std::memcpy(entry.token, tokens.data(), tokens.size_bytes());
  }

 private:
  static constexpr size_t kEntries = 4096;  // 0.5 MB a thread: a few thousand words cover most of a text
  std::array<Entry, kEntries> entries_{};
};

}  // namespace tessera::tokenizer
