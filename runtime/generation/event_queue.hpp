/// What happens to requests on the engine's thread, for a caller who waits on its own.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <mutex>
#include <string>
#include <utility>

#include "tessera/generate.hpp"

namespace tessera {

struct GenerationEvent {
  enum class Kind {
    kPrompt,     ///< `tokens` of the prompt are computed
    kText,       ///< `text` can be shown
    kEnd,        ///< `result`, or `error`
    kInterrupt,  ///< the caller's stop_token was stopped
  };
  Kind kind;
  size_t index = 0;  ///< of the request
  int64_t tokens = 0;
  std::string text = {};
  std::exception_ptr error = {};
  GenerateResult result = {};
};

/// Any thread.
class EventQueue {
 public:
  void push(GenerationEvent event) {
    {
      const std::lock_guard lock(mutex_);
      events_.push_back(std::move(event));
    }
    ready_.notify_one();
  }
  /// The oldest; waits for it.
  GenerationEvent pop() {
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return !events_.empty(); });
    GenerationEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<GenerationEvent> events_;
};

}  // namespace tessera
