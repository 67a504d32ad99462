/// A file that appears under its name complete, or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tessera {

/// Writes to a temporary file beside the target; `commit` gives it the target's name and replaces what was
/// there. Without `commit` the destructor removes it, so no failure leaves half a file. A target that is a
/// device or pipe
/// (/dev/stdout) is written directly; of a target that is a link the file behind it is replaced. Not synced:
/// the rename protects against a failed program, not against a power cut. One thread at a time.
class AtomicFile {
 public:
  /// Throws Error kNotFound (no such folder) or kIo.
  explicit AtomicFile(const std::filesystem::path& path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  /// Appends; buffered. Throws Error kIo, naming a full disk as such; the file is then lost.
  void write(std::span<const std::byte> bytes);

  /// Writes what is buffered and puts the file in its place. Throws Error kIo. Once, last.
  void commit();

 private:
  void write_out(const std::byte* data, size_t size);
  [[noreturn]] void fail(const char* doing, int error) const;

  std::filesystem::path target_;
  std::filesystem::path temporary_;  // empty: the target is written directly
  int fd_ = -1;
  uint64_t written_ = 0;
  std::vector<std::byte> buffer_;
};

}  // namespace tessera
