#include "core/tokenizer/text/utf8.hpp"

#include <cstring>

namespace tessera::tokenizer {
namespace {

/// What stands at the start of some bytes: a well-formed sequence, an ill-formed part, or a beginning cut
/// off.
struct Sequence {
  enum Kind { kValid, kInvalid, kIncomplete } kind;
  size_t length;  // of the sequence, or of the maximal ill-formed part (Unicode 15, section 3.9, U+FFFD
                  // substitution)
};

/// Table 3-7 of the Unicode standard: the lead byte fixes the length and the range of the second byte.
Sequence scan_sequence(const unsigned char* s, size_t available) noexcept {
  const unsigned char lead = s[0];
  if (lead < 0x80) return {Sequence::kValid, 1};
  if (lead < 0xC2 || lead > 0xF4) return {Sequence::kInvalid, 1};
  const size_t length = utf8_length(lead);
  unsigned char low = 0x80, high = 0xBF;
  if (lead == 0xE0) low = 0xA0;
  if (lead == 0xED) high = 0x9F;
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;
  for (size_t i = 1; i < length; ++i) {
    if (i == available) return {Sequence::kIncomplete, i};
    if (s[i] < low || s[i] > high) return {Sequence::kInvalid, i};
    low = 0x80, high = 0xBF;
  }
  return {Sequence::kValid, length};
}

/// Length of the run of ASCII at the start of `s`, rounded down to a multiple of eight.
size_t ascii_run(const unsigned char* s, size_t available) noexcept {
  size_t i = 0;
  for (; i + 8 <= available; i += 8) {
    uint64_t word;
    std::memcpy(&word, s + i, 8);
    if (word & 0x8080808080808080u) break;
  }
  return i;
}

}  // namespace

size_t find_invalid_utf8(std::string_view text) noexcept {
  const auto* s = reinterpret_cast<const unsigned char*>(text.data());
  for (size_t i = 0; i < text.size();) {
    i += ascii_run(s + i, text.size() - i);
    if (i == text.size()) break;
    const Sequence sequence = scan_sequence(s + i, text.size() - i);
    if (sequence.kind != Sequence::kValid) return i;
    i += sequence.length;
  }
  return std::string_view::npos;
}

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    out += static_cast<char>(0x80 | (c >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (c >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

size_t count_code_points(std::string_view text) noexcept {
  size_t count = 0;
  for (char byte : text) count += !is_utf8_continuation(byte);
  return count;
}

size_t append_lossy_utf8(std::string& out, std::string_view bytes, Tail tail) {
  const auto* s = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t i = 0;
  while (i < bytes.size()) {
    const Sequence sequence = scan_sequence(s + i, bytes.size() - i);
    if (sequence.kind == Sequence::kIncomplete && tail == Tail::kKeep) break;
    if (sequence.kind == Sequence::kValid) {
      out.append(bytes, i, sequence.length);
    } else {
      out += kReplacementCharacter;
    }
    i += sequence.length;
  }
  return i;
}

}  // namespace tessera::tokenizer
