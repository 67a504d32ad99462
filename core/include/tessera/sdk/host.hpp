/// What the host offers a plugin: log, thread budget, progress and cancellation, buffers.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tessera/abi.h"
#include "tessera/sdk/arguments.hpp"
#include "tessera/sdk/error.hpp"
#include "tessera/sdk/status.hpp"

namespace tessera::sdk {

enum class LogLevel : int32_t {
  kTrace = TSR_LOG_TRACE,
  kDebug = TSR_LOG_DEBUG,
  kInfo = TSR_LOG_INFO,
  kWarn = TSR_LOG_WARN,
  kError = TSR_LOG_ERROR,
};

/// The host's functions. A plugin writes nothing to stdout or stderr itself. Cheap to copy; any thread.
class Host {
 public:
  explicit Host(const tsr_host* table) : table_(table) {}

  /// Ask before making a costly text.
  bool log_enabled(LogLevel level) const {
    return table_->log_enabled(table_, static_cast<int32_t>(level)) != 0;
  }
  /// One event, one line: `host.log(LogLevel::kInfo, "cpu", "packed weights bytes=123")`.
  void log(LogLevel level, std::string_view component, std::string_view text) const {
    table_->log(table_, static_cast<int32_t>(level), borrow(component), borrow(text));
  }
  /// Threads that compute may use: min(user's wish, affinity, cgroup quota, cores); at least 1.
  int thread_budget() const { return table_->thread_budget(table_); }

  /// The C table; lives for the process.
  const tsr_host* table() const { return table_; }

 private:
  const tsr_host* table_;
};

/// Reports how far a long call is and learns whether it shall go on. Does nothing when the caller does not
/// listen.
class Progress {
 public:
  explicit Progress(const tsr_progress* progress = nullptr) : progress_(progress) {
    if (progress_ != nullptr) check_size(progress_, "tsr_progress");
  }

  /// Call at least every 200 ms in a call that may exceed a second. `total` 0 = not known.
  /// Throws kCancelled when asked to stop; let it pass, leave nothing behind.
  void report(uint64_t done, uint64_t total, std::string_view text) const {
    if (progress_ == nullptr || progress_->report == nullptr) return;
    if (progress_->report(progress_->ctx, done, total, borrow(text)) != 0)
      throw Error(ErrorCode::kCancelled, "stopped on request");
  }

 private:
  const tsr_progress* progress_;
};

/// Hands bytes to the other side, which releases them once, from any thread.
inline tsr_buffer give(std::string bytes) {
  auto owner = std::make_unique<std::string>(std::move(bytes));
  tsr_buffer buffer{};
  buffer.struct_size = sizeof(buffer);
  buffer.data = owner->data();
  buffer.size = owner->size();
  buffer.release = [](void* ctx) { delete static_cast<std::string*>(ctx); };
  buffer.ctx = owner.release();
  return buffer;
}

/// Bytes that the other side gave, released when this goes. Movable, not copyable; any thread.
class Buffer {
 public:
  Buffer() = default;
  /// Takes over what the filler wrote.
  explicit Buffer(const tsr_buffer& buffer) : buffer_(buffer) {}
  Buffer(Buffer&& other) noexcept : buffer_(std::exchange(other.buffer_, tsr_buffer{})) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(buffer_, other.buffer_);
    return *this;
  }
  ~Buffer() {
    if (buffer_.release != nullptr) buffer_.release(buffer_.ctx);
  }

  const std::byte* data() const { return static_cast<const std::byte*>(buffer_.data); }
  uint64_t size() const { return buffer_.size; }
  bool null() const { return buffer_.data == nullptr; }
  std::string_view text() const {
    return null() ? std::string_view()
                  : std::string_view(static_cast<const char*>(buffer_.data), buffer_.size);
  }

 private:
  tsr_buffer buffer_{};
};

}  // namespace tessera::sdk
