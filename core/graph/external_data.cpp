#include "core/graph/external_data.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/graph/weights_check.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/nearest.hpp"
#include "tessera/sdk/wire.hpp"

namespace tessera::graph {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelFile = "model.onnx";
constexpr uint64_t kChunkBytes = 64 << 20;  // between two questions whether to stop

std::string system_text(int error) {
  return std::generic_category().message(error);
}

[[noreturn]] void fail(const std::string& doing, const fs::path& path, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  Error failure(full ? ErrorCode::kOutOfMemory : ErrorCode::kIo,
                full ? doing + ": no room on the disk" : doing + ": " + system_text(error));
  failure.add_file(path.string());
  if (full) failure.add_remedy("free some room, or export with --weights link to the weights' file system");
  throw failure;
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, const char* doing)
      : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail(doing, path, errno);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  /// Some file systems tell only here that there was no room.
  void close(const fs::path& path) {
    const int fd = std::exchange(fd_, -1);
    if (::close(fd) != 0) fail("cannot write", path, errno);
  }

 private:
  int fd_;
};

/// A folder that is gone again unless it is kept: the export while it grows.
class GrowingFolder {
 public:
  explicit GrowingFolder(const fs::path& target) : target_(target) {
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
  GrowingFolder(const GrowingFolder&) = delete;
  GrowingFolder& operator=(const GrowingFolder&) = delete;
  ~GrowingFolder() {
    if (kept_) return;
    std::error_code ignored;  // another error is on its way
    fs::remove_all(path_, ignored);
    remove_parents();
  }

  const fs::path& path() const { return path_; }

  void keep() {
    // Replaces an empty folder, fails for any other: what came in meanwhile is not lost.
    if (::rename(path_.c_str(), target_.c_str()) != 0)
      fail("cannot put the export in its place", target_, errno);
    kept_ = true;
  }

 private:
  void refuse_taken() const {
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

  void make_parents() {
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

  void remove_parents() const {
    if (first_parent_made_.empty()) return;
    std::error_code ignored;  // stops at the first that somebody else uses by now
    for (fs::path parent = target_.parent_path();; parent = parent.parent_path()) {
      if (!fs::remove(parent, ignored) || parent == first_parent_made_) return;
    }
  }

  fs::path target_, path_, first_parent_made_;
  bool kept_ = false;
};

void write_file(const fs::path& path, std::string_view bytes) {
  Descriptor file(path, O_WRONLY | O_CREAT | O_EXCL, "cannot make the file");
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", path, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  file.close(path);
}

/// Copies and links files of weights, and keeps count for the progress.
class WeightsExport {
 public:
  WeightsExport(const fs::path& folder, WeightsMode mode, uint64_t total, const ExportProgress& progress)
      : folder_(folder), mode_(mode), total_(total), progress_(progress) {}

  ExportedWeights add(const std::string& location, const fs::path& source, uint64_t bytes) {
    const fs::path target = folder_ / location;
    std::error_code failure;
    fs::create_directories(target.parent_path(), failure);
    if (failure) fail("cannot make the folder", target.parent_path(), failure.value());
    ExportedWeights result;
    result.location = location;
    result.bytes = bytes;
    if (mode_ == WeightsMode::kLink) {
      result.linked = ::link(source.c_str(), target.c_str()) == 0;
      if (!result.linked) result.copy_reason = system_text(errno);
    }
    if (result.linked) {
      report(bytes);
    } else {
      copy(source, target, bytes);
    }
    return result;
  }

 private:
  void copy(const fs::path& source, const fs::path& target, uint64_t bytes) {
    const Descriptor in(source, O_RDONLY, "cannot read the weights");
    Descriptor out(target, O_WRONLY | O_CREAT | O_EXCL, "cannot make the file");
    for (uint64_t left = bytes; left > 0;) {
      const ssize_t moved = ::sendfile(out.get(), in.get(), nullptr, std::min(left, kChunkBytes));
      if (moved < 0 && errno == EINTR) continue;
      if (moved < 0) fail("cannot copy the weights", target, errno);
      if (moved == 0) {
        throw Error(ErrorCode::kCorruptData, "the file became shorter while it was copied")
            .file(source.string());
      }
      left -= static_cast<uint64_t>(moved);
      report(static_cast<uint64_t>(moved));
    }
    out.close(target);
  }

  void report(uint64_t bytes) {
    done_ += bytes;
    if (progress_ && !progress_(done_, total_)) throw Error(ErrorCode::kCancelled, "stopped on request");
  }

  const fs::path& folder_;
  WeightsMode mode_;
  uint64_t total_, done_ = 0;
  const ExportProgress& progress_;
};

struct WeightFile {
  std::string location;
  fs::path source;
  uint64_t bytes;
};

/// The files that the model refers to, each once, in the order of the model.
std::vector<WeightFile> weight_files(const Model& model, const RealPath& real_path) {
  std::vector<WeightFile> files;
  const auto size_of = [&](const std::string& location) -> uint64_t {
    if (location == kModelFile) {
      throw Error(ErrorCode::kInvalidArgument, "the weights have the name of the exported model")
          .file(location);
    }
    fs::path source = real_path(location);
    std::error_code failure;
    const uint64_t bytes = fs::file_size(source, failure);
    if (failure) fail("cannot read the weights", source, failure.value());
    files.push_back({location, std::move(source), bytes});
    return bytes;
  };
  check_weights(model, size_of);
  return files;
}

}  // namespace

WeightsMode parse_weights_mode(std::string_view text) {
  if (text == "link") return WeightsMode::kLink;
  if (text == "copy") return WeightsMode::kCopy;
  throw Error(ErrorCode::kInvalidArgument, fmt::format("unknown way to export weights '{}'", text))
      .remedy(did_you_mean(text, std::vector<std::string>{"link", "copy"}));
}

RealPath real_paths_in(const fs::path& base_dir) {
  return [base_dir](const std::string& location) {
    std::error_code failure;
    fs::path path = fs::canonical(base_dir / location, failure);
    if (!failure && fs::is_regular_file(path, failure)) return path;
    throw Error(ErrorCode::kNotFound, "the weight file is missing or no regular file")
        .file((base_dir / location).string())
        .remedy("download the checkpoint again");
  };
}

ExportReport export_model(std::string_view model, const fs::path& folder, const RealPath& real_path,
                          WeightsMode mode, const ExportProgress& progress) {
  fs::path target = fs::absolute(folder).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();  // "out/" is "out"
  const std::vector<WeightFile> files = weight_files(read_model(model), real_path);
  uint64_t total = 0;
  for (const WeightFile& file : files) total += file.bytes;
  GrowingFolder growing(target);
  WeightsExport weights(growing.path(), mode, total, progress);
  ExportReport report;
  for (const WeightFile& file : files)
    report.weights.push_back(weights.add(file.location, file.source, file.bytes));
  write_file(growing.path() / kModelFile, model);
  growing.keep();
  report.model_file = target / kModelFile;
  return report;
}

}  // namespace tessera::graph
