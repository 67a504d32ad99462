/// How many threads this process may usefully run.
#pragma once

#include <string>

namespace tessera {

struct ThreadLimits {
  int affinity = 1;  ///< processors in the affinity mask
  int cores = 1;  ///< physical cores among them: siblings share the vector units, a second one gains nothing
  double quota =
      0.0;  ///< processors that the control groups allow (the least of all ancestors); 0 = no limit
};

/// Reads the limits of this process. `root` is put before /proc and /sys (tests give a folder of their own);
/// what is missing or unreadable limits nothing.
ThreadLimits thread_limits(const std::string& root = "");

/// Threads that compute may use: min(wish, affinity, floor(quota), cores), at least 1. `wish` <= 0: as many
/// as the limits allow. The quota is rounded down: a throttled thread stalls all others, a missing one costs
/// only itself.
int thread_budget(int wish = 0, const ThreadLimits& limits = thread_limits());

}  // namespace tessera
