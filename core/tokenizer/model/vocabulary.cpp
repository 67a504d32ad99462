#include "core/tokenizer/model/vocabulary.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/tokenizer/text/hash.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

/// Ids may have holes, but an id far beyond the number of tokens is a mistake, and a table for it a waste.
int64_t largest_allowed_id(size_t entries) {
  return std::max<int64_t>(int64_t(entries) * 8, int64_t{1} << 20);
}

int64_t checked_id_limit(const std::vector<Vocabulary::Entry>& entries) {
  int64_t limit = 0;
  for (const Vocabulary::Entry& entry : entries) {
    if (entry.id < 0 || entry.id > largest_allowed_id(entries.size())) {
      throw Error(ErrorCode::kCorruptData,
                  fmt::format("token '{}' has id {}, expected 0 to {} in a vocabulary of {}", entry.token,
                              entry.id, largest_allowed_id(entries.size()), entries.size()));
    }
    limit = std::max(limit, entry.id + 1);
  }
  return limit;
}

size_t slot_count(size_t entries) {
  size_t count = 16;
  while (count * 2 < entries * 3) count *= 2;
  return count;
}

}  // namespace

Vocabulary::Vocabulary(const std::vector<Entry>& entries) {
  places_.resize(static_cast<size_t>(checked_id_limit(entries)));
  slots_.resize(slot_count(entries.size()));
  size_t bytes = 0;
  for (const Entry& entry : entries) bytes += entry.token.size();
  if (bytes > UINT32_MAX)
    throw Error(ErrorCode::kCorruptData, "the tokens of the vocabulary are longer than 4 GiB");
  text_.reserve(bytes);
  for (const Entry& entry : entries) insert(entry.token, static_cast<uint32_t>(entry.id));
}

void Vocabulary::insert(std::string_view token, uint32_t id) {
  const uint64_t hash = hash_bytes(token);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  size_t at = hash & (slots_.size() - 1);
  while (slots_[at].id != kHole && !(slots_[at].tag == tag && text(slots_[at].id) == token)) {
    at = (at + 1) & (slots_.size() - 1);
  }
  if (slots_[at].id != kHole) {
    if (slots_[at].id == id) return;
    places_[slots_[at].id] = {};
    --size_;
  }
  if (places_[id].length != kHole) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("tokens '{}' and '{}' both have id {}", text(id), token, id));
  }
  places_[id] = {static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(token.size())};
  text_ += token;
  slots_[at] = {tag, id};
  ++size_;
}

std::optional<uint32_t> Vocabulary::find(std::string_view token) const noexcept {
  if (slots_.empty()) return std::nullopt;
  const uint64_t hash = hash_bytes(token);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  for (size_t at = hash & (slots_.size() - 1); slots_[at].id != kHole; at = (at + 1) & (slots_.size() - 1)) {
    if (slots_[at].tag == tag && text(slots_[at].id) == token) return slots_[at].id;
  }
  return std::nullopt;
}

std::optional<std::string_view> Vocabulary::token(uint64_t id) const noexcept {
  if (id >= places_.size() || places_[id].length == kHole) return std::nullopt;
  return text(static_cast<uint32_t>(id));
}

}  // namespace tessera::tokenizer
