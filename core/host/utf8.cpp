#include "core/host/utf8.hpp"

#include <cstddef>
#include <cstdint>

namespace tessera {
namespace {

/// Bytes of the character that begins `text` (not empty), 0 when none does.
size_t character_bytes(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto tail = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xBF) {
    return byte(i) >= low && byte(i) <= high;
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2) return 0;
  if (first < 0xE0) return tail(1) ? 2 : 0;
  if (first < 0xF0) {
    const uint8_t low = first == 0xE0 ? 0xA0 : 0x80;   // no overlong form
    const uint8_t high = first == 0xED ? 0x9F : 0xBF;  // no surrogate
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (first > 0xF4) return 0;
  const uint8_t low = first == 0xF0 ? 0x90 : 0x80;   // no overlong form
  const uint8_t high = first == 0xF4 ? 0x8F : 0xBF;  // nothing above 10FFFF
  return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const size_t bytes = character_bytes(text);
    if (bytes == 0) return false;
    text.remove_prefix(bytes);
  }
  return true;
}

std::string to_utf8(std::string_view text) {
  std::string valid;
  valid.reserve(text.size());
  while (!text.empty()) {
    const size_t bytes = character_bytes(text);
    valid.append(bytes == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, bytes));
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  return valid;
}

}  // namespace tessera
