/// How a template fails while it is read or rendered: thrown inside this folder, turned into tessera::Error
/// with line and column by Template.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "tessera/sdk/error.hpp"

namespace tessera::jinja {

/// A place in the template, both from 1; columns count code points.
struct Position {
  uint32_t line = 0;  ///< 0: not known
  uint32_t column = 0;
};

class Failure : public std::exception {
 public:
  /// `message`: as Jinja or Python words it, where they do.
  explicit Failure(std::string message, ErrorCode code = ErrorCode::kInvalidArgument, Position position = {})
      : code_(code), message_(std::move(message)), position_(position) {}
  const char* what() const noexcept override { return message_.c_str(); }
  ErrorCode code() const noexcept { return code_; }
  Position position() const noexcept { return position_; }
  /// Keeps a position that is already known.
  void add_position(Position position) noexcept {
    if (position_.line == 0) position_ = position;
  }

 private:
  ErrorCode code_;
  std::string message_;
  Position position_;
};

/// What Jinja or Python could do and this folder does not.
inline Failure not_supported(std::string what) {
  return Failure(std::move(what) + " is not implemented", ErrorCode::kNotSupported);
}

}  // namespace tessera::jinja
