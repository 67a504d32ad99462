/// When to try drafting again that did not pay.
#pragma once

#include <algorithm>
#include <cstddef>

namespace tessera::speculation {

/// Every 16 steps, then 32, .. 512: acceptance may have changed. Not thread-safe.
class Pause {
 public:
  /// A step in which drafting pays.
  void end() {
    steps_ = 0;
    limit_ = kShortest;
  }
  /// A step in which it does not. True: try once.
  bool is_over() {
    if (++steps_ < limit_) return false;
    steps_ = 0;
    limit_ = std::min(2 * limit_, kLongest);
    return true;
  }

 private:
  static constexpr size_t kShortest = 16, kLongest = 512;
  size_t steps_ = 0;
  size_t limit_ = kShortest;
};

}  // namespace tessera::speculation
