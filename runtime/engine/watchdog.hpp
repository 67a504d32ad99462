/// Notices a call that does not come back.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace tessera::engine {

/// One thread calls start() and stop() around its calls, which costs it two stores; another looks at the
/// clock.
class Watchdog {
 public:
  /// limit    seconds; 0: none, and nothing is watched
  /// on_late  called on the watchdog's thread, once for each call that takes longer, an eighth of the limit
  /// later at
  ///          most. stop() may come meanwhile
  Watchdog(double limit, std::function<void()> on_late);
  /// Waits for on_late when it is being called.
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void start() { started_ = now(); }
  void stop() { started_ = kIdle; }

 private:
  static constexpr int64_t kIdle = -1;
  static int64_t now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }
  void watch();

  std::chrono::steady_clock::duration limit_;
  std::function<void()> on_late_;
  std::atomic<int64_t> started_ = kIdle;  ///< clock of the call that is under way
  std::mutex mutex_;
  std::condition_variable end_;
  bool stopping_ = false;
  std::thread thread_;  ///< the last member
};

}  // namespace tessera::engine
