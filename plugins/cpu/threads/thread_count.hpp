/// How many threads this process may usefully run.
#pragma once

#include <string>

namespace tessera::cpu {

struct ThreadLimits {
  int affinity = 1;  ///< processors in the affinity mask
  int cores = 1;  ///< physical cores among them: siblings share the vector units, a second one gains nothing
  double quota =
      0.0;  ///< processors that the control groups allow (the least of all ancestors); 0 = no limit
};

/// Reads the limits of this process. `root` is put before /proc and /sys (tests give a folder of their own);
/// what is missing or unreadable limits nothing.
ThreadLimits thread_limits(const std::string& root = "");

/// min(requested, affinity, floor(quota), cores), at least 1. requested <= 0: as many as the limits allow.
/// The quota is rounded down: a throttled thread stalls all others, a missing one costs only itself.
int thread_count(int requested, const ThreadLimits& limits);

/// "2 threads: 2 cores, affinity 2, no cpu quota", for `tessera doctor`.
std::string describe(const ThreadLimits& limits, int threads);

}  // namespace tessera::cpu
