/// How many threads compute may use on this machine.
#pragma once

#include <filesystem>

namespace tessera {

/// CPUs that this process may run on: its affinity mask, at least 1.
int affinity_cpus();

/// CPUs that a cgroup (version 2, or 1) grants this process, rounded up; 0 = no limit. `root` is where the
/// file system begins, for tests.
int cgroup_cpus(const std::filesystem::path& root = "/");

/// min(`wish`, affinity, cgroup quota), at least 1. `wish` 0 = as many as there are. More threads than that
/// only wait for one another.
int thread_budget(int wish = 0);

}  // namespace tessera
