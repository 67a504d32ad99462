#include "core/checkpoint/text_file.hpp"

#include <fmt/format.h>

#include "core/checkpoint/mapped_file.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera {

std::string read_text_file(const std::filesystem::path& path) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  if (file->size() > kMaxTextBytes) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("the file has {} bytes, too many for a text of a checkpoint", file->size()))
        .file(path.string());
  }
  std::string text(file->size(), '\0');
  file->read(0, file->size(), reinterpret_cast<std::byte*>(text.data()));
  return text;
}

std::optional<std::string> read_text_file_if_present(const std::filesystem::path& path) {
  std::error_code ignored;
  bool present = std::filesystem::exists(std::filesystem::symlink_status(path, ignored));
  return present ? std::optional<std::string>(read_text_file(path)) : std::nullopt;
}

}  // namespace tessera
