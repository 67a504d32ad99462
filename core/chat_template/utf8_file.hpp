/// Files of a model folder that may be missing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/jinja/value.hpp"

namespace tessera {

/// The bytes of a file; nullopt when there is none. Throws Error kIo when it cannot be read, kCorruptData
/// when it is not valid UTF-8.
std::optional<std::string> read_utf8_file(const std::filesystem::path& file);

/// The same as a JSON object. Throws Error kCorruptData.
std::optional<jinja::Value> read_json_object(const std::filesystem::path& file);

}  // namespace tessera
