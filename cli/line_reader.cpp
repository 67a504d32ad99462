#include "cli/line_reader.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cli/interrupt.hpp"
#include "tessera/sdk/error.hpp"

namespace tessera::cli {

std::optional<std::string> LineReader::next() {
  for (;;) {
    const size_t end = buffer_.find('\n');
    if (end != std::string::npos || (ended_ && !buffer_.empty())) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end == std::string::npos ? end : end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return line;
    }
    if (ended_) return std::nullopt;
    char bytes[4096];
    const ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
    if (count >= 0) {
      buffer_.append(bytes, static_cast<size_t>(count));
      ended_ = count == 0;
    } else if (errno != EINTR) {
      throw Error(ErrorCode::kIo, fmt::format("reading standard input failed: {}", std::strerror(errno)));
    } else {
      usleep(1000);  // the token follows the signal by a moment
    }
    if (interrupt_token().stop_requested()) throw Error(ErrorCode::kCancelled, "interrupted");
  }
}

}  // namespace tessera::cli
