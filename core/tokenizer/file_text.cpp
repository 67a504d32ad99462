#include "core/tokenizer/file_text.hpp"

#include <fstream>

#include "tessera/sdk/error.hpp"

namespace tessera::tokenizer {

std::string read_file(const std::filesystem::path& file) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (!std::filesystem::exists(status)) throw Error(ErrorCode::kNotFound, "no such file").file(file.string());
  if (std::filesystem::is_directory(status))
    throw Error(ErrorCode::kIo, "is a folder, not a file").file(file.string());
  std::ifstream stream(file, std::ios::binary);
  std::string text;
  if (stream) {
    const auto size = std::filesystem::file_size(file, error);
    text.resize(error ? 0 : size);
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  }
  if (!stream || static_cast<size_t>(stream.gcount()) != text.size()) {
    throw Error(ErrorCode::kIo, "cannot read the file").file(file.string());
  }
  return text;
}

}  // namespace tessera::tokenizer
