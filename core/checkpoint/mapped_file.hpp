/// A file of weights, mapped into memory and never copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace tessera {

/// A regular file, open and mapped whole for reading, of the size it had when it was opened. Links are
/// followed. Pages come from the disk when they are touched: mapping a file of 100 GB takes no memory. All
/// members are safe from any thread. A file that another program makes shorter while it is mapped kills the
/// process that touches the lost pages (SIGBUS); `read` reports it instead.
class MappedFile {
 public:
  /// Throws Error kNotFound (no such file) or kIo (not a regular file, no permission, no address space).
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }

  /// The whole file. Valid as long as this object.
  std::span<const std::byte> bytes() const { return {data_, static_cast<size_t>(size_)}; }

  /// Copies a range into `dst` without touching the mapping, so its pages do not become resident.
  /// Throws Error kInvalidArgument (range beyond the file), kIo (read failed, the file has become shorter).
  void read(uint64_t offset, uint64_t length, std::byte* dst) const;

  /// Lets go of the resident pages that the range touches, as far as it lies in the file; they are read again
  /// when they are touched again. A hint: it changes no byte and never fails.
  void drop_pages(uint64_t offset, uint64_t length) const noexcept;

 private:
  MappedFile(std::filesystem::path path, int fd) : path_(std::move(path)), fd_(fd) {}
  void map();

  std::filesystem::path path_;
  int fd_;
  uint64_t size_ = 0;
  const std::byte* data_ = nullptr;
};

/// A read-only range of a mapped file. It keeps the mapping alive; copies are cheap. The address may be odd:
/// read elements with load_unaligned.
class MappedView {
 public:
  MappedView() = default;
  MappedView(std::shared_ptr<const MappedFile> file, std::span<const std::byte> bytes)
      : file_(std::move(file)), bytes_(bytes) {}

  const std::byte* data() const { return bytes_.data(); }
  size_t size() const { return bytes_.size(); }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::span<const std::byte> bytes_;
};

/// The view of [offset, offset + length) of `file`. Throws Error kInvalidArgument when it leaves the file.
MappedView view_of(const std::shared_ptr<const MappedFile>& file, uint64_t offset, uint64_t length);

}  // namespace tessera
