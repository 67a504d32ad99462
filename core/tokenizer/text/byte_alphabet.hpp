/// The alphabet of byte-level BPE (GPT-2): each byte is written as one visible character, so that any bytes
/// are a valid token text. Printable bytes stand for themselves, the other 68 for U+0100 on, in order.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tessera::tokenizer {

inline constexpr std::array<char16_t, 256> kByteToCharacter = [] {
  std::array<char16_t, 256> table{};
  char16_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool visible = (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    table[byte] = visible ? static_cast<char16_t>(byte) : next++;
  }
  return table;
}();

/// The byte that a character of the alphabet stands for, -1 for any other character.
int byte_of_character(char32_t c) noexcept;

/// The bytes that a text in the alphabet stands for; nullopt when any of its characters is not of the
/// alphabet.
std::optional<std::string> bytes_of_text(std::string_view text);

}  // namespace tessera::tokenizer
