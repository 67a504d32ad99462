#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/run/result_output.hpp"
#include "core/json/json.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

[[noreturn]] void fail(const char* what, const fs::path& file) {
  throw Error(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo,
              fmt::format("the file cannot be {}: {}", what, std::strerror(errno)))
      .file(file.string());
}

/// Bytes that were written: all, or fewer with errno set.
size_t write_all(int descriptor, std::string_view bytes, uint64_t offset) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        pwrite(descriptor, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

std::string read_at(int descriptor, uint64_t offset, uint64_t length, const fs::path& file) {
  std::string bytes(length, '\0');
  for (size_t done = 0; done < length;) {
    const ssize_t count =
        pread(descriptor, bytes.data() + done, length - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", file);
    if (count == 0) bytes.resize(length = done);
    done += static_cast<size_t>(count);
  }
  return bytes;
}

uint64_t size_of(int descriptor) {
  struct stat status = {};
  fstat(descriptor, &status);
  return static_cast<uint64_t>(status.st_size);
}

fs::path with_suffix(fs::path file, const char* suffix) {
  return file += suffix;
}

}  // namespace

FileOutput::Descriptor::~Descriptor() {
  if (descriptor_ >= 0) close(descriptor_);
}

void FileOutput::Descriptor::open(const fs::path& path, int flags) {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = ::open(path.c_str(), flags | O_CLOEXEC, 0666);
  if (descriptor_ < 0) fail("opened", path);
}

FileOutput::FileOutput(const fs::path& file, Options options)
    : file_(fs::weakly_canonical(file)),  // a rename replaces what a link points to, not the link
      partial_(with_suffix(file_, ".partial")),
      lock_(with_suffix(file_, ".lock")),
      options_(std::move(options)),
      lines_(options_.requests) {
  take_lock();
  take_partial();
}

void FileOutput::take_lock() {
  struct stat ours = {}, named = {};
  do {  // whoever had it may have removed it between our two calls
    lock_descriptor_.open(lock_, O_RDWR | O_CREAT);
    if (flock(lock_descriptor_.get(), LOCK_EX | LOCK_NB) != 0) {
      throw Error(ErrorCode::kBusy, "another run is writing this output")
          .file(file_.string())
          .remedy("wait for it, or give this run another output");
    }
    fstat(lock_descriptor_.get(), &ours);
  } while (stat(lock_.c_str(), &named) != 0 || named.st_ino != ours.st_ino || named.st_dev != ours.st_dev);
  previous_run_ = read_at(lock_descriptor_.get(), 0, size_of(lock_descriptor_.get()), lock_);
}

void FileOutput::take_partial() {
  partial_descriptor_.open(partial_, O_RDWR | O_CREAT);
  read_partial();
  if (finished_ > 0 && !options_.resume) {
    throw Error(ErrorCode::kInvalidArgument,
                fmt::format("a run into this output was broken off after {} requests", finished_))
        .file(partial_.string())
        .remedy("--resume goes on with it; remove the file to begin anew");
  }
  const std::string run = options_.run + "\n";
  if (finished_ > 0 && !previous_run_.empty() && previous_run_ != run) {
    throw Error(ErrorCode::kInvalidArgument,
                "the run that was broken off had other requests, another model or other settings")
        .file(partial_.string())
        .remedy("run it as it was, or remove the file to begin anew");
  }
  // What follows the last whole line was torn when the process ended.
  if (ftruncate(partial_descriptor_.get(), static_cast<off_t>(end_)) != 0) fail("written", partial_);
  if (ftruncate(lock_descriptor_.get(), 0) != 0 || write_all(lock_descriptor_.get(), run, 0) < run.size()) {
    fail("written", lock_);
  }
}

void FileOutput::read_partial() {
  const std::string bytes =
      read_at(partial_descriptor_.get(), 0, size_of(partial_descriptor_.get()), partial_);
  size_t number = 1;
  for (size_t end; (end = bytes.find('\n', end_)) != std::string::npos; ++number) {
    const std::string_view line = std::string_view(bytes).substr(end_, end + 1 - end_);
    take_line(line, number);
    end_ += line.size();
  }
}

void FileOutput::take_line(std::string_view line, size_t number) {
  const std::string where = fmt::format("{}, line {}", partial_.string(), number);
  const json::object object = parse_json_object(line, where);
  const json::value* index = object.if_contains("index");
  if (index == nullptr || !index->is_int64() || index->get_int64() < 0 ||
      static_cast<uint64_t>(index->get_int64()) >= lines_.size()) {
    throw Error(ErrorCode::kCorruptData,
                fmt::format("the line has no 'index' of one of the {} requests", lines_.size()))
        .file(where)
        .remedy("the file is of another run: remove it to begin anew");
  }
  Line& place = lines_[static_cast<size_t>(index->get_int64())];
  if (place.length > 0) return;
  place = {end_, line.size()};
  ++finished_;
}

void FileOutput::add(size_t index, std::string_view line) {
  const std::string bytes = std::string(line) + '\n';
  const size_t written = write_all(partial_descriptor_.get(), bytes, end_);
  if (written < bytes.size()) {
    const int reason = errno;
    // Nobody should meet half a line; if this fails too, it is dropped when the run is gone on with.
    [[maybe_unused]] const int ignored = ftruncate(partial_descriptor_.get(), static_cast<off_t>(end_));
    throw Error(ErrorCode::kIo, fmt::format("the results cannot be written: {}", std::strerror(reason)))
        .file(partial_.string())
        .remedy(fmt::format("make room; --resume goes on with the {} results that are there", finished_));
  }
  lines_[index] = {end_, bytes.size()};
  end_ += bytes.size();
  ++finished_;
}

void FileOutput::write_sorted(const fs::path& to) const {
  Descriptor sorted;
  sorted.open(to, O_WRONLY | O_CREAT | O_TRUNC);
  uint64_t offset = 0;
  for (const Line& line : lines_) {
    const std::string bytes = read_at(partial_descriptor_.get(), line.offset, line.length, partial_);
    if (write_all(sorted.get(), bytes, offset) < bytes.size()) fail("written", to);
    offset += bytes.size();
  }
  if (fsync(sorted.get()) != 0) fail("written", to);
}

void FileOutput::finish() {
  const fs::path sorted = with_suffix(file_, ".sorted");
  try {
    write_sorted(sorted);
    if (rename(sorted.c_str(), file_.c_str()) != 0) fail("written", file_);
  } catch (...) {
    std::error_code ignored;
    fs::remove(sorted, ignored);
    try {
      throw;
    } catch (Error& error) {
      error.add_remedy(fmt::format("all results are in {}; --resume tries again", partial_.string()));
      throw;
    }
  }
  renamed_ = true;
}

FileOutput::~FileOutput() {
  // While the lock is held: nobody else is between opening and locking these.
  std::error_code ignored;
  if (!renamed_ && finished_ > 0) return;
  if (partial_descriptor_.get() >= 0) fs::remove(partial_, ignored);
  fs::remove(lock_, ignored);
}

}  // namespace tessera::cli
