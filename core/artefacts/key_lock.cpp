#include "core/artefacts/key_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string>
#include <system_error>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::artefacts {
namespace {

namespace fs = std::filesystem;

constexpr useconds_t kWaitMicroseconds = 100'000;
constexpr int kAttempts = 1000;

[[noreturn]] void cannot_write(const fs::path& path, int error) {
  throw Error(ErrorCode::kIo,
              fmt::format("the cache of compiled programs cannot be written: {}", std::strerror(error)))
      .file(path.string())
      .key("artefact-dir")
      .remedy(
          "name another folder by --artefact-dir or TESSERA_ARTEFACT_DIR; 'none' compiles without keeping");
}

struct LockFile {
  int fd;

  explicit LockFile(int opened) : fd(opened) {}
  ~LockFile() {
    if (fd >= 0) close(fd);
  }
  LockFile(const LockFile&) = delete;
};

/// The open lock file; its folders are made. Others remove those that are empty, perhaps in between.
int open_lock(const fs::path& file) {
  for (int attempt = 1;; ++attempt) {
    std::error_code failure;
    fs::create_directories(file.parent_path(), failure);
    int error = failure.value();
    if (error == 0) {
      const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
      if (fd >= 0) return fd;
      error = errno;
    }
    if ((error != ENOENT && error != EINTR) || attempt == kAttempts) cannot_write(file.parent_path(), error);
  }
}

/// Whether the open file is still the one of that name: its last holder removes it.
bool is_current(int fd, const fs::path& file) {
  struct stat mine {
  }, named{};
  return fstat(fd, &mine) == 0 && stat(file.c_str(), &named) == 0 && mine.st_ino == named.st_ino &&
         mine.st_dev == named.st_dev;
}

pid_t holder_of(int fd) {
  char text[16];
  const ssize_t count = pread(fd, text, sizeof text, 0);
  pid_t holder = 0;
  if (count > 0) std::from_chars(text, text + count, holder);
  return holder;
}

void say_holder(int fd) {
  const std::string text = fmt::format("{}\n", getpid());
  // For people who wait; a full disk does not matter.
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) < 0) errno = 0;
}

}  // namespace

KeyLock::KeyLock(fs::path file, fs::path root, int fd)
    : file_(std::move(file)), root_(std::move(root)), fd_(fd) {}

KeyLock::~KeyLock() {
  unlink(file_.c_str());
  close(fd_);
  for (fs::path folder = file_.parent_path(); folder != root_ && rmdir(folder.c_str()) == 0;)
    folder = folder.parent_path();
}

std::unique_ptr<KeyLock> KeyLock::acquire(const fs::path& file, const fs::path& root,
                                          const Waiting& waiting) {
  for (;;) {
    LockFile open_file(open_lock(file));
    while (flock(open_file.fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) cannot_write(file, errno);
      if (waiting) waiting(holder_of(open_file.fd));
      usleep(kWaitMicroseconds);
    }
    if (!is_current(open_file.fd, file)) continue;
    say_holder(open_file.fd);
    return std::unique_ptr<KeyLock>(new KeyLock(file, root, std::exchange(open_file.fd, -1)));
  }
}

std::unique_ptr<KeyLock> KeyLock::try_acquire(const fs::path& file, const fs::path& root) {
  const int fd = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return nullptr;
  if (flock(fd, LOCK_EX | LOCK_NB) == 0 && is_current(fd, file)) {
    say_holder(fd);
    return std::unique_ptr<KeyLock>(new KeyLock(file, root, fd));
  }
  close(fd);
  return nullptr;
}

}  // namespace tessera::artefacts
