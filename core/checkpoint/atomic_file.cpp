#include "core/checkpoint/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBufferBytes = 1 << 20;

/// The file behind a link, so that the link stays; other paths as they are.
fs::path behind_links(const fs::path& path) {
  std::error_code error;
  if (!fs::is_symlink(fs::symlink_status(path, error))) return path;
  fs::path real = fs::weakly_canonical(path, error);
  return error ? path : real;
}

/// A device, pipe or socket: replacing it by a file would destroy it.
bool is_special(const fs::path& path) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status);
}

fs::path temporary_beside(const fs::path& target) {
  static std::atomic<uint64_t> counter{0};
  fs::path name = target;
  name += fmt::format(".part-{}-{}", ::getpid(), counter++);
  return name;
}

std::string_view remedy_for(int error) {
  switch (error) {
    case ENOSPC:
    case EDQUOT:
      return "make room, or write to another file system";
    case EFBIG:
      return "raise the limit of file sizes (ulimit -f), or write to another file system";
    case EACCES:
    case EPERM:
    case EROFS:
      return "write to a folder in which you may create files";
    case ENOENT:
    case ENOTDIR:
      return "create the folder first";
    default:
      return "";
  }
}

}  // namespace

AtomicFile::AtomicFile(const fs::path& path) : target_(behind_links(path)) {
  std::error_code ignored;
  if (fs::is_directory(target_, ignored)) fail("create", EISDIR);
  int flags = O_WRONLY | O_CLOEXEC;
  // A special file is opened by the name that was given: /dev/stdout is a link, and a pipe behind it has no
  // path.
  if (is_special(path)) {
    target_ = path;
  } else {
    temporary_ = temporary_beside(target_);
    flags |= O_CREAT | O_EXCL;
  }
  fd_ = ::open((temporary_.empty() ? target_ : temporary_).c_str(), flags, 0666);
  if (fd_ < 0) {
    int error = errno;
    temporary_.clear();  // not ours
    fail("create", error);
  }
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  if (buffer_.size() + bytes.size() > kBufferBytes) {
    write_out(buffer_.data(), buffer_.size());
    buffer_.clear();
  }
  if (bytes.size() >= kBufferBytes) {
    write_out(bytes.data(), bytes.size());
  } else {
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  }
}

void AtomicFile::write_out(const std::byte* data, size_t size) {
  while (size > 0) {
    ssize_t done = ::write(fd_, data, size);
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("write", errno);
    data += done;
    size -= static_cast<size_t>(done);
    written_ += static_cast<uint64_t>(done);
  }
}

void AtomicFile::commit() {
  write_out(buffer_.data(), buffer_.size());
  buffer_.clear();
  int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0 && errno != EINTR)
    fail("close", errno);  // network file systems report a full disk here
  if (temporary_.empty()) return;
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("rename", errno);
  temporary_.clear();
}

void AtomicFile::fail(const char* doing, int error) const {
  bool missing_folder = fd_ < 0 && (error == ENOENT || error == ENOTDIR);
  std::string reason = error == ENOSPC ? "the disk is full" : std::generic_category().message(error);
  std::string after = written_ > 0 ? fmt::format(" after {} bytes", written_) : "";
  throw Error(missing_folder ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("cannot {} the file{}: {}", doing, after, reason))
      .file(target_.string())
      .remedy(remedy_for(error));
}

}  // namespace tessera
