/// Standard input, a line at a time.
#pragma once

#include <optional>
#include <string>

namespace tessera::cli {

/// Reads what a person types or a pipe sends. One thread.
class LineReader {
 public:
  /// The next line without its end; nullopt at the end of the input. Throws Error kCancelled (Ctrl-C), kIo.
  std::optional<std::string> next();

 private:
  std::string buffer_;  // read, not yet given out
  bool ended_ = false;
};

}  // namespace tessera::cli
