/// UTF-8 as the ABI demands it of every text.
#pragma once

#include <string>
#include <string_view>

namespace tessera {

/// True when `text` is well-formed UTF-8 (Unicode 15, table 3-7: no overlong form, surrogate or value above
/// 10FFFF).
bool is_utf8(std::string_view text);

/// `text` with each byte that is part of no character replaced by U+FFFD: for messages of others that must be
/// shown.
std::string to_utf8(std::string_view text);

}  // namespace tessera
