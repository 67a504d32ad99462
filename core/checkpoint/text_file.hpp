/// Small texts of a checkpoint folder (config.json and the like).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace tessera {

/// No config, index or tokenizer comes near this; a larger file is not one.
constexpr uint64_t kMaxTextBytes = 512'000'000;

/// The whole file. Throws Error kNotFound or kIo.
std::string read_text_file(const std::filesystem::path& path);

/// Nothing when there is no such file; a link to nowhere is an error (kNotFound), as the user has put it
/// there.
std::optional<std::string> read_text_file_if_present(const std::filesystem::path& path);

}  // namespace tessera
