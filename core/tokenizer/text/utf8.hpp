/// UTF-8, as small as the tokenizer needs it. All text inside the tokenizer is valid UTF-8: the public entry
/// points check it once (`find_invalid_utf8`), everything behind them may decode without checks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tessera::tokenizer {

/// Byte position of the first byte that is not part of a well-formed sequence (RFC 3629: no surrogates, no
/// overlong forms, nothing above U+10FFFF); `std::string_view::npos` when the whole text is valid. Any
/// thread.
size_t find_invalid_utf8(std::string_view text) noexcept;

/// Length in bytes of the sequence that starts with `lead`, a leading byte of valid UTF-8.
inline size_t utf8_length(unsigned char lead) noexcept {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

inline bool is_utf8_continuation(char byte) noexcept {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

/// One code point and its length in bytes.
struct CodePoint {
  char32_t value;
  uint32_t length;
};

/// Decodes the code point that starts at `at`; `text` is valid UTF-8 and `at` a character boundary inside it.
inline CodePoint decode_utf8(std::string_view text, size_t at) noexcept {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data()) + at;
  if (s[0] < 0x80) return {s[0], 1};
  if (s[0] < 0xE0) return {char32_t((s[0] & 0x1F) << 6 | (s[1] & 0x3F)), 2};
  if (s[0] < 0xF0) return {char32_t((s[0] & 0x0F) << 12 | (s[1] & 0x3F) << 6 | (s[2] & 0x3F)), 3};
  return {char32_t((s[0] & 0x07) << 18 | (s[1] & 0x3F) << 12 | (s[2] & 0x3F) << 6 | (s[3] & 0x3F)), 4};
}

/// Start of the character that ends at byte `end` (> 0) of valid UTF-8.
inline size_t previous_utf8(std::string_view text, size_t end) noexcept {
  size_t at = end - 1;
  while (at > 0 && is_utf8_continuation(text[at])) --at;
  return at;
}

/// Appends the UTF-8 form of a scalar value.
void append_utf8(std::string& out, char32_t code_point);

/// Number of code points in valid UTF-8.
size_t count_code_points(std::string_view text) noexcept;

/// How a run of arbitrary bytes reads as UTF-8; see `append_lossy_utf8`.
enum class Tail {
  kReplace,  ///< an incomplete sequence at the end becomes U+FFFD: nothing follows
  kKeep,     ///< an incomplete sequence at the end is left unread: more bytes may follow
};

/// Appends `bytes` to `out`, each maximal ill-formed part replaced by one U+FFFD (the practice of WHATWG and
/// of Rust's `from_utf8_lossy`, which Hugging Face's ByteLevel decoder uses). Returns the number of bytes
/// read, less than `bytes.size()` only with `Tail::kKeep`. Cutting the bytes anywhere and going on with what
/// was left unread gives the same text.
size_t append_lossy_utf8(std::string& out, std::string_view bytes, Tail tail);

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

}  // namespace tessera::tokenizer
