#include "cli/output.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/progress.hpp"

namespace tessera::cli {
namespace {

bool g_quiet = false;

void write_stderr(std::string_view text) {
  ProgressLine::clear();
  // A stderr that cannot be written to is nobody's failure but its own.
  std::fwrite(text.data(), 1, text.size(), stderr);
}

}  // namespace

void write_stdout(std::string_view data) {
  ProgressLine::clear();
  while (!data.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, data.data(), data.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == EPIPE) throw OutputClosed();
      throw Error(ErrorCode::kIo, fmt::format("writing to stdout failed: {}", std::strerror(errno)))
          .remedy("free some space or redirect the output elsewhere");
    }
    data.remove_prefix(static_cast<size_t>(written));
  }
}

ExitCode exit_code(const Error& error) {
  switch (error.code()) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotSupported:
    case ErrorCode::kCorruptData:
    case ErrorCode::kVersion:
    case ErrorCode::kMisuse:
      return kExitBadInput;
    case ErrorCode::kNotFound:
      return kExitNotFound;
    case ErrorCode::kCancelled:
      return kExitInterrupted;
    default:
      return kExitFailure;
  }
}

void print_error(const Error& error) {
  if (error.code() == ErrorCode::kCancelled) return write_stderr("interrupted\n");
  std::string out = fmt::format("error: {}\n", error.message());
  const auto line = [&](std::string_view label, std::string_view text) {
    if (!text.empty()) out += fmt::format("  {:<8} {}\n", label, text);
  };
  line("file", error.file_name());
  if (error.byte_offset() != UINT64_MAX) line("offset", fmt::format("{}", error.byte_offset()));
  line("node", error.node_name());
  line("key", error.key_name());
  for (const std::string& context : error.context()) line("while", context);
  line("try", error.remedy_text());
  write_stderr(out);
}

void note(std::string_view text) {
  if (!g_quiet) write_stderr(fmt::format("{}\n", text));
}

void note_prompt(std::string_view text) {
  if (!g_quiet) write_stderr(text);
}

void set_quiet(bool quiet) {
  g_quiet = quiet;
}
bool quiet() {
  return g_quiet;
}

}  // namespace tessera::cli
