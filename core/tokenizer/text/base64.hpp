/// Base64 (RFC 4648, padded), as tokenizer.json stores bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tessera::tokenizer {

/// The bytes; nullopt when the text is not base64. Any thread.
std::optional<std::string> decode_base64(std::string_view text);
/// The text of any bytes. Any thread.
std::string encode_base64(std::string_view bytes);

}  // namespace tessera::tokenizer
