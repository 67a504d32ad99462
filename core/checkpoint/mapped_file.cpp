#include "core/checkpoint/mapped_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "tessera/sdk/error.hpp"

namespace tessera {
namespace {

std::string errno_text(int error) {
  return std::generic_category().message(error);
}

void check_range(const MappedFile& file, uint64_t offset, uint64_t length) {
  if (offset <= file.size() && length <= file.size() - offset) return;
  throw Error(ErrorCode::kInvalidArgument,
              fmt::format("{} bytes at offset {} leave the file of {} bytes", length, offset, file.size()))
      .file(file.path().string())
      .offset(offset);
}

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& path) {
  // O_NONBLOCK: opening a named pipe must not wait for a writer.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    int error = errno;
    bool missing = error == ENOENT || error == ENOTDIR;
    throw Error(missing ? ErrorCode::kNotFound : ErrorCode::kIo,
                fmt::format("cannot open the file: {}", errno_text(error)))
        .file(path.string())
        .remedy(missing ? "check the name; a link may point to a file that was removed"
                        : "check its permissions");
  }
  std::shared_ptr<MappedFile> file(new MappedFile(path, fd));
  file->map();
  return file;
}

void MappedFile::map() {
  struct stat status {};
  if (::fstat(fd_, &status) != 0) {
    throw Error(ErrorCode::kIo, fmt::format("cannot inspect the file: {}", errno_text(errno)))
        .file(path_.string());
  }
  if (!S_ISREG(status.st_mode)) {
    throw Error(ErrorCode::kIo,
                S_ISDIR(status.st_mode) ? "this is a folder, expected a file" : "not a regular file")
        .file(path_.string());
  }
  size_ = static_cast<uint64_t>(status.st_size);
  if (size_ == 0) return;  // mmap refuses empty ranges
  void* address = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, fd_, 0);
  if (address == MAP_FAILED) {
    throw Error(ErrorCode::kIo, fmt::format("cannot map {} bytes: {}", size_, errno_text(errno)))
        .file(path_.string())
        .remedy("check the limit of address space (ulimit -v)");
  }
  data_ = static_cast<const std::byte*>(address);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  ::close(fd_);
}

void MappedFile::read(uint64_t offset, uint64_t length, std::byte* dst) const {
  check_range(*this, offset, length);
  while (length > 0) {
    ssize_t got = ::pread(fd_, dst, length, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      throw Error(ErrorCode::kIo, got == 0 ? "the file has become shorter since it was opened"
                                           : fmt::format("cannot read the file: {}", errno_text(errno)))
          .file(path_.string())
          .offset(offset);
    }
    dst += got;
    offset += static_cast<uint64_t>(got);
    length -= static_cast<uint64_t>(got);
  }
}

void MappedFile::drop_pages(uint64_t offset, uint64_t length) const noexcept {
  if (data_ == nullptr || offset >= size_) return;
  uint64_t end = offset + std::min(length, size_ - offset);
  // Outward to whole pages: what a neighbour loses at the edges it reads again from the page cache.
  uint64_t page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  uint64_t begin = offset / page * page;
  ::madvise(const_cast<std::byte*>(data_) + begin, end - begin, MADV_DONTNEED);
}

MappedView view_of(const std::shared_ptr<const MappedFile>& file, uint64_t offset, uint64_t length) {
  check_range(*file, offset, length);
  return {file, file->bytes().subspan(offset, length)};
}

}  // namespace tessera
