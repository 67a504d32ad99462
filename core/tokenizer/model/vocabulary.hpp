/// The two-way table of a model's tokens: text -> id and id -> text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::tokenizer {

/// Immutable after construction: any thread.
class Vocabulary {
 public:
  struct Entry {
    std::string_view token;
    int64_t id;
  };

  Vocabulary() = default;
  /// Copies the entries. Of equal tokens the last one counts (as in a JSON object). Throws Error kCorruptData
  /// when an id is negative, taken by another token, or so large that the table would be mostly holes.
  explicit Vocabulary(const std::vector<Entry>& entries);

  std::optional<uint32_t> find(std::string_view token) const noexcept;
  /// Text of an id; nullopt for an id that no token has. The view lives as long as this table.
  std::optional<std::string_view> token(uint64_t id) const noexcept;
  /// Number of tokens.
  uint32_t size() const noexcept { return size_; }
  /// One more than the largest id.
  uint32_t id_limit() const noexcept { return static_cast<uint32_t>(places_.size()); }

 private:
  struct Place {
    uint32_t begin = 0;
    uint32_t length = kHole;
  };
  struct Slot {
    uint32_t tag = 0;  // upper half of the hash: most misses end without touching the text
    uint32_t id = kHole;
  };
  static constexpr uint32_t kHole = UINT32_MAX;

  void insert(std::string_view token, uint32_t id);
  std::string_view text(uint32_t id) const noexcept {
    return std::string_view(text_).substr(places_[id].begin, places_[id].length);
  }

  std::string text_;
  std::vector<Place> places_;
  std::vector<Slot> slots_;  // open addressing, linear probing; a power of two, at most two thirds full
  uint32_t size_ = 0;
};

}  // namespace tessera::tokenizer
