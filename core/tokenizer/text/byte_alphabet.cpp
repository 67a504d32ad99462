#include "core/tokenizer/text/byte_alphabet.hpp"

#include "core/tokenizer/text/utf8.hpp"

namespace tessera::tokenizer {
namespace {

constexpr std::array<int16_t, 0x144> kCharacterToByte = [] {
  std::array<int16_t, 0x144> table{};
  for (auto& entry : table) entry = -1;
  for (int byte = 0; byte < 256; ++byte) table[kByteToCharacter[byte]] = static_cast<int16_t>(byte);
  return table;
}();

}  // namespace

int byte_of_character(char32_t c) noexcept {
  return c < kCharacterToByte.size() ? kCharacterToByte[c] : -1;
}

std::optional<std::string> bytes_of_text(std::string_view text) {
  std::string bytes;
  for (size_t at = 0; at < text.size();) {
    const CodePoint c = decode_utf8(text, at);
    const int byte = byte_of_character(c.value);
    if (byte < 0) return std::nullopt;
    bytes += static_cast<char>(byte);
    at += c.length;
  }
  return bytes;
}

}  // namespace tessera::tokenizer
