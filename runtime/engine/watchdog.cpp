#include "runtime/engine/watchdog.hpp"

#include <algorithm>
#include <utility>

namespace tessera::engine {
namespace {

std::chrono::steady_clock::duration to_duration(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

}  // namespace

Watchdog::Watchdog(double limit, std::function<void()> on_late)
    : limit_(to_duration(limit)), on_late_(std::move(on_late)) {
  if (limit > 0) thread_ = std::thread([this] { watch(); });
}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  end_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::watch() {
  const auto pause = std::max<std::chrono::steady_clock::duration>(limit_ / 8, std::chrono::milliseconds(1));
  int64_t told = kIdle;
  std::unique_lock lock(mutex_);
  while (!end_.wait_for(lock, pause, [&] { return stopping_; })) {
    const int64_t started = started_;
    if (started == kIdle || started == told || now() - started <= limit_.count()) continue;
    told = started;
    lock.unlock();
    on_late_();
    lock.lock();
  }
}

}  // namespace tessera::engine
