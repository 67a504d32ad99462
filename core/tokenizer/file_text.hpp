/// Whole files as text.
#pragma once

#include <filesystem>
#include <string>

namespace tessera::tokenizer {

/// The bytes of a file. Throws Error kNotFound or kIo, naming the file. Any thread.
std::string read_file(const std::filesystem::path& file);

}  // namespace tessera::tokenizer
