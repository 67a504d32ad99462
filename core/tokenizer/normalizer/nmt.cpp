#include "core/tokenizer/normalizer/nmt.hpp"

#include "core/tokenizer/text/change_list.hpp"

namespace tessera::tokenizer {
namespace {

bool is_removed(char32_t c) noexcept {
  return (c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F ||
         c == 0x9F;
}

bool becomes_space(char32_t c) noexcept {
  return c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
         c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

}  // namespace

void Nmt::normalize(AlignedText& text) const {
  map_characters(text, [](std::string& out, char32_t c) {
    if (!is_removed(c)) append_utf8(out, becomes_space(c) ? U' ' : c);
  });
}

}  // namespace tessera::tokenizer
