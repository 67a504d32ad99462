/// SHA-256 of files that are too large to read at each start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace tessera::artefacts {

/// What changes whenever a file does: "device:inode:bytes:mtime:ctime", times in nanoseconds. A change of the
/// bytes moves ctime, which no program can set back. Throws kNotFound, kIo.
std::string file_stamp(const std::filesystem::path& file);

/// Told while a file is read, in bytes; throws to stop.
using DigestProgress = std::function<void(uint64_t done, uint64_t total)>;

/// Reads the whole file. Throws kNotFound, kIo, and kCorruptData when the file changes meanwhile.
std::string read_digest(const std::filesystem::path& file, const DigestProgress& progress = {});

/// Remembers digests by real path and stamp, a small file each. A file whose times are less than two seconds
/// old is not remembered: it could change again within the resolution of its times. Any thread, any process.
class FileDigests {
 public:
  /// `folder` is made when there is something to remember. Empty, or not writable: nothing is remembered.
  explicit FileDigests(std::filesystem::path folder) : folder_(std::move(folder)) {}

  /// Remembered, if the stamp is the same. Throws what file_stamp throws.
  std::optional<std::string> known(const std::filesystem::path& file) const;
  /// Remembered or read. Throws what read_digest throws.
  std::string digest(const std::filesystem::path& file, const DigestProgress& progress = {}) const;
  /// Remembers `digest` again for a file whose links this process made and removed since it had `stamp`,
  /// which moves ctime; not when anything else changed. Never throws.
  void keep(const std::filesystem::path& file, const std::string& stamp,
            const std::string& digest) const noexcept;

 private:
  std::filesystem::path place(const std::filesystem::path& real) const;
  void remember(const std::filesystem::path& real, const std::string& stamp, const std::string& digest) const;

  std::filesystem::path folder_;
};

}  // namespace tessera::artefacts
