/// Characters whose upper or title case is more than one character (Unicode's SpecialCasing.txt, without
/// conditions).
#pragma once

#include <cstdint>

namespace tessera::jinja {

/// Unused places are 0.
struct SpecialCase {
  char32_t character;
  char32_t upper[3], title[3];
};

/// Null for characters with simple mappings.
const SpecialCase* find_special_case(char32_t character) noexcept;

}  // namespace tessera::jinja
