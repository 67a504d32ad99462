#include "core/tokenizer/normalizer/precompiled.hpp"

#include <fmt/format.h>

#include "core/tokenizer/text/unicode.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {
namespace {

uint32_t read_uint32(std::string_view bytes, size_t at) noexcept {
  uint32_t value = 0;
  for (size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

// A unit of Darts-clone.
bool has_value(uint32_t unit) noexcept {
  return unit >> 8 & 1;
}
uint32_t value_of(uint32_t unit) noexcept {
  return unit & 0x7FFFFFFF;
}
uint32_t label_of(uint32_t unit) noexcept {
  return unit & (0x80000000u | 0xFF);
}
uint32_t offset_of(uint32_t unit) noexcept {
  return (unit >> 10) << ((unit & 0x200) >> 6);
}

/// Graphemes of this many bytes and more are looked at character by character only.
constexpr size_t kLongGrapheme = 6;

}  // namespace

Precompiled::Precompiled(std::string_view charsmap) {
  const size_t trie_bytes = charsmap.size() >= 4 ? read_uint32(charsmap, 0) : 0;
  if (charsmap.size() < 8 || trie_bytes < 4 || trie_bytes > charsmap.size() - 4 || trie_bytes % 4 != 0) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("charsmap of {} bytes says that its trie has {}", charsmap.size(), trie_bytes));
  }
  for (size_t at = 4; at < 4 + trie_bytes; at += 4) units_.push_back(read_uint32(charsmap, at));
  texts_ = charsmap.substr(4 + trie_bytes);
  const size_t invalid = find_invalid_utf8(texts_);
  if (invalid != std::string_view::npos) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("the texts of the charsmap are not UTF-8 at byte {}", invalid));
  }
  for (unsigned char byte = 0x20; byte < 0x7F; ++byte) {
    const char character = static_cast<char>(byte);
    std::string_view ignored;
    plain_[byte] = !replacement({&character, 1}, ignored);
  }
}

bool Precompiled::replacement(std::string_view text, std::string_view& result) const noexcept {
  size_t node = offset_of(units_[0]);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == 0) return false;
    node ^= byte;
    if (node >= units_.size() || label_of(units_[node]) != byte) return false;
    const uint32_t unit = units_[node];
    node ^= offset_of(unit);
    if (node >= units_.size()) return false;
    if (!has_value(unit)) continue;
    const size_t begin = value_of(units_[node]);
    if (begin > texts_.size()) return false;
    result = std::string_view(texts_).substr(begin);
    result = result.substr(0, result.find('\0'));
    return begin == texts_.size() || !is_utf8_continuation(texts_[begin]);
  }
  return false;
}

/// Of n old and m new characters the first min(n, m) take one another's place; what is left over is new, or
/// gone with the last character that is there.
bool Precompiled::add_replacement(std::string_view part, std::vector<Change>& changes) const {
  std::string_view text;
  if (!replacement(part, text)) return false;
  const auto old_count = static_cast<int>(count_code_points(part));
  int new_count = 0;
  for (size_t at = 0; at < text.size(); ++new_count) {
    const CodePoint c = decode_utf8(text, at);
    changes.push_back({c.value, new_count < old_count ? 0 : 1});
    at += c.length;
  }
  if (new_count < old_count && !changes.empty()) changes.back().change += new_count - old_count;
  return true;
}

size_t Precompiled::end_of_plain(std::string_view text, size_t at) const noexcept {
  const auto is_plain = [&](size_t i) { return plain_[static_cast<unsigned char>(text[i])]; };
  while (at < text.size() && is_plain(at)) ++at;
  // What follows may join the last character in a grapheme: a combining mark.
  return at > 0 && at < text.size() && is_plain(at - 1) ? at - 1 : at;
}

void Precompiled::normalize(AlignedText& text) const {
  const std::string_view old = text.text();
  std::vector<Change> changes;
  bool modified = false;
  for (size_t at = 0; at < old.size();) {
    for (const size_t plain = end_of_plain(old, at); at < plain; ++at)
      changes.push_back({static_cast<unsigned char>(old[at]), 0});
    if (at == old.size()) break;
    const size_t length = grapheme_length(old.substr(at));
    const std::string_view grapheme = old.substr(at, length);
    at += length;
    if (length < kLongGrapheme && add_replacement(grapheme, changes)) {
      modified = true;
      continue;
    }
    for (size_t inner = 0; inner < length;) {
      const CodePoint c = decode_utf8(grapheme, inner);
      if (add_replacement(grapheme.substr(inner, c.length), changes)) {
        modified = true;
      } else {
        changes.push_back({c.value, 0});
      }
      inner += c.length;
    }
  }
  if (modified) apply_changes(text, changes);
}

}  // namespace tessera::tokenizer
