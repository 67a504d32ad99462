#include "core/graph/growing_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::graph {

namespace fs = std::filesystem;

std::string system_text(int error) {
  return std::generic_category().message(error);
}

void fail(const std::string& doing, const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  Error failure(full ? ErrorCode::kOutOfMemory : ErrorCode::kIo,
                full ? doing + ": no room on the disk" : doing + ": " + system_text(error));
  failure.add_file(path.string());
  if (full) failure.add_remedy("free some room, or export with --weights link to the weights' file system");
  throw failure;
}

Descriptor::Descriptor(const fs::path& path, int flags, const char* doing)
    : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
  if (fd_ < 0) fail(doing, path, errno);
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

void Descriptor::close(const fs::path& path) {
  const int fd = std::exchange(fd_, -1);
  if (::close(fd) != 0) fail("cannot write", path, errno);
}

void write_all(int fd, std::string_view bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void write_file(const fs::path& path, std::string_view bytes) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL, "cannot make the file");
  write_all(file.get(), bytes, path);
  file.close(path);
}

GrowingFolder::GrowingFolder(const fs::path& target) : target_(target) {
  refuse_taken();
  make_parents();
  for (int attempt = 0;; ++attempt) {
    path_ = target_.parent_path() /
            fmt::format(".{}.{}-{}.tmp", target_.filename().string(), ::getpid(), attempt);
    if (::mkdir(path_.c_str(), 0777) == 0) return;
    const int error = errno;
    if (error == EEXIST && attempt < 1000) continue;
    remove_parents();
    fail("cannot make the folder", path_, error);
  }
}

GrowingFolder::~GrowingFolder() {
  if (kept_) return;
  std::error_code ignored;  // another error is on its way
  fs::remove_all(path_, ignored);
  remove_parents();
}

void GrowingFolder::keep() {
  // Replaces an empty folder, fails for any other: what came in meanwhile is not lost.
  if (::rename(path_.c_str(), target_.c_str()) != 0)
    fail("cannot put the export in its place", target_, errno);
  kept_ = true;
}

void GrowingFolder::refuse_taken() const {
  std::error_code failure;
  const fs::file_status status = fs::symlink_status(target_, failure);
  if (!fs::exists(status)) return;
  if (fs::is_directory(status) && fs::is_empty(target_, failure) && !failure) return;
  throw Error(ErrorCode::kInvalidArgument, fs::is_directory(status)
                                               ? "the export folder is not empty"
                                               : "the export folder exists and is no folder")
      .file(target_.string())
      .remedy("choose another folder, or remove this one");
}

void GrowingFolder::make_parents() {
  fs::path missing;
  for (fs::path parent = target_.parent_path(); !parent.empty() && !fs::exists(parent);
       parent = parent.parent_path()) {
    missing = parent;
  }
  if (missing.empty()) return;
  first_parent_made_ = missing;
  std::error_code failure;
  fs::create_directories(target_.parent_path(), failure);
  if (!failure) return;
  remove_parents();
  fail("cannot make the folder", target_.parent_path(), failure.value());
}

void GrowingFolder::remove_parents() const {
  if (first_parent_made_.empty()) return;
  std::error_code ignored;  // stops at the first that somebody else uses by now
  for (fs::path parent = target_.parent_path();; parent = parent.parent_path()) {
    if (!fs::remove(parent, ignored) || parent == first_parent_made_) return;
  }
}

}  // namespace tessera::graph
