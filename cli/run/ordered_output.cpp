#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/output.hpp"
#include "cli/run/result_output.hpp"

namespace tessera::cli {

OrderedOutput::OrderedOutput(const std::filesystem::path& path, bool array)
    : path_(path.string()), array_(array) {
  if (path_.empty()) return;
  descriptor_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor_ < 0) {
    throw Error(ErrorCode::kIo, fmt::format("the output cannot be opened: {}", std::strerror(errno)))
        .file(path_);
  }
}

OrderedOutput::~OrderedOutput() {
  if (descriptor_ >= 0) close(descriptor_);
}

void OrderedOutput::write(std::string_view text) const {
  if (descriptor_ < 0) return write_stdout(text);
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      throw Error(ErrorCode::kIo, fmt::format("the output cannot be written: {}", std::strerror(errno)))
          .file(path_)
          .remedy("a regular file as output can be gone on with");
    }
    text.remove_prefix(static_cast<size_t>(written));
  }
}

void OrderedOutput::add(size_t index, std::string_view line) {
  waiting_.emplace(index, line);
  while (!waiting_.empty() && waiting_.begin()->first == next_) {
    const char* const before = !array_ ? "" : next_ == 0 ? "[" : ", ";
    write(before + waiting_.begin()->second + (array_ ? "" : "\n"));
    waiting_.erase(waiting_.begin());
    ++next_;
  }
}

void OrderedOutput::finish() {
  if (array_) write(next_ == 0 ? "[]\n" : "]\n");
}

std::unique_ptr<ResultOutput> open_output(const std::filesystem::path& file, bool array,
                                          FileOutput::Options options) {
  std::error_code ignored;
  const bool special =
      std::filesystem::exists(file, ignored) && !std::filesystem::is_regular_file(file, ignored);
  if (!file.empty() && !special) return std::make_unique<FileOutput>(file, std::move(options));
  if (options.resume) {
    throw Error(ErrorCode::kInvalidArgument, "only a run into a file can be gone on with")
        .key("output.resume")
        .remedy("-o FILE.jsonl");
  }
  return std::make_unique<OrderedOutput>(file, array);
}

}  // namespace tessera::cli
