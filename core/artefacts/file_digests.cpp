#include "core/artefacts/file_digests.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fstream>
#include <span>
#include <vector>

#include "core/checkpoint/atomic_file.hpp"
#include "core/digest/sha256.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::artefacts {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = 4 << 20;
constexpr int64_t kUnsettledSeconds = 2;

[[noreturn]] void fail(const char* doing, const fs::path& file) {
  throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("the file cannot be {}: {}", doing, std::strerror(errno)))
      .file(file.string());
}

struct stat status_of(const fs::path& file) {
  struct stat status {};
  if (stat(file.c_str(), &status) != 0) fail("found", file);
  return status;
}

int64_t nanoseconds(const timespec& time) {
  return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

/// Changed so lately that another change may leave the same times.
bool unsettled(const fs::path& file) {
  const struct stat status = status_of(file);
  const int64_t newest = std::max<int64_t>(status.st_mtim.tv_sec, status.st_ctim.tv_sec);
  return newest + kUnsettledSeconds > static_cast<int64_t>(std::time(nullptr));
}

class OpenFile {
 public:
  explicit OpenFile(const fs::path& file) : file_(file), fd_(open(file.c_str(), O_RDONLY | O_CLOEXEC)) {
    if (fd_ < 0) fail("opened", file);
  }
  ~OpenFile() { close(fd_); }
  OpenFile(const OpenFile&) = delete;

  size_t read_into(std::vector<char>& buffer) const {
    for (;;) {
      const ssize_t count = ::read(fd_, buffer.data(), buffer.size());
      if (count >= 0) return static_cast<size_t>(count);
      if (errno != EINTR) fail("read", file_);
    }
  }

 private:
  const fs::path& file_;
  int fd_;
};

}  // namespace

std::string file_stamp(const fs::path& file) {
  const struct stat status = status_of(file);
  return fmt::format("{}:{}:{}:{}:{}", status.st_dev, status.st_ino, status.st_size,
                     nanoseconds(status.st_mtim), nanoseconds(status.st_ctim));
}

std::string read_digest(const fs::path& file, const DigestProgress& progress) {
  const std::string before = file_stamp(file);
  const auto total = static_cast<uint64_t>(status_of(file).st_size);
  Sha256 digest;
  const OpenFile open_file(file);
  std::vector<char> buffer(kPieceBytes);
  uint64_t done = 0;
  while (const size_t count = open_file.read_into(buffer)) {
    digest.update({buffer.data(), count});
    done += count;
    if (progress) progress(done, total);
  }
  if (file_stamp(file) != before)
    throw Error(ErrorCode::kCorruptData, "the file changed while it was read").file(file.string());
  return digest.finish();
}

fs::path FileDigests::place(const fs::path& real) const {
  return folder_ / sha256(real.string()).substr(0, 32);
}

std::optional<std::string> FileDigests::known(const fs::path& file) const {
  if (folder_.empty()) return std::nullopt;
  const fs::path real = fs::weakly_canonical(file);
  std::ifstream in(place(real), std::ios::binary);
  std::string stamp, digest, path;
  in >> stamp >> digest >> std::ws;
  std::getline(in, path);
  const bool holds = !in.fail() && path == real.string() && digest.size() == 64 && stamp == file_stamp(real);
  return holds ? std::optional(digest) : std::nullopt;
}

std::string FileDigests::digest(const fs::path& file, const DigestProgress& progress) const {
  if (const auto remembered = known(file)) return *remembered;
  const fs::path real = fs::weakly_canonical(file);
  const std::string stamp = file_stamp(real);
  std::string digest = read_digest(real, progress);
  if (!folder_.empty() && !unsettled(real)) remember(real, stamp, digest);
  return digest;
}

void FileDigests::keep(const fs::path& file, const std::string& stamp,
                       const std::string& digest) const noexcept {
  try {
    const fs::path real = fs::weakly_canonical(file);
    const std::string now = file_stamp(real);
    const auto but_ctime = [](const std::string& text) { return text.substr(0, text.rfind(':')); };
    if (!folder_.empty() && now != stamp && but_ctime(now) == but_ctime(stamp)) remember(real, now, digest);
  } catch (const std::exception&) {
    // It is read again next time.
  }
}

void FileDigests::remember(const fs::path& real, const std::string& stamp, const std::string& digest) const {
  try {
    std::error_code ignored;
    fs::create_directories(folder_, ignored);
    const std::string text = fmt::format("{} {} {}\n", stamp, digest, real.string());
    AtomicFile file(place(real));
    file.write(std::as_bytes(std::span(text.data(), text.size())));
    file.commit();
  } catch (const Error&) {
    // Nowhere to write: the file is read again next time.
  }
}

}  // namespace tessera::artefacts
