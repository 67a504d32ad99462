#include "core/host/thread_budget.hpp"

#include <sched.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>

namespace tessera {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// The number that begins `text`; -1 when none does ("max").
int64_t number(std::string_view text) {
  int64_t value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// CPUs of a quota in a period, both in microseconds; 0 = no limit.
int cpus_of_quota(int64_t quota, int64_t period) {
  if (quota <= 0 || period <= 0) return 0;
  return static_cast<int>(std::min<int64_t>((quota + period - 1) / period, 1 << 20));
}

int lower(int a, int b) {
  return a == 0 ? b : b == 0 ? a : std::min(a, b);
}

/// cgroup v2: cpu.max is "<quota|max> <period>".
int cpus_v2(const fs::path& folder) {
  const std::string text = read_file(folder / "cpu.max");
  const size_t space = text.find(' ');
  if (space == std::string::npos) return 0;
  return cpus_of_quota(number(text), number(std::string_view(text).substr(space + 1)));
}

int cpus_v1(const fs::path& folder) {
  return cpus_of_quota(number(read_file(folder / "cpu.cfs_quota_us")),
                       number(read_file(folder / "cpu.cfs_period_us")));
}

/// The tightest limit of the group `path` and all above it: a quota binds the whole tree below.
template <class Read>
int tightest(const fs::path& mount, const std::string& path, Read read) {
  int cpus = read(mount);
  fs::path folder = mount;
  for (const fs::path& part : fs::path(path).relative_path()) {
    if (part == "..") break;
    folder /= part;
    cpus = lower(cpus, read(folder));
  }
  return cpus;
}

bool names_cpu(std::string_view controllers) {
  return ("," + std::string(controllers) + ",").find(",cpu,") != std::string::npos;
}

}  // namespace

int affinity_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  // Fails on machines with more than 1024 CPUs; then what the library counts must do.
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

int cgroup_cpus(const fs::path& root) {
  // Lines "<id>:<controllers>:<path>"; version 2 has id 0 and no controllers.
  std::ifstream groups(root / "proc/self/cgroup");
  int cpus = 0;
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      path = line.substr(second + 1);
    if (controllers.empty()) cpus = lower(cpus, tightest(root / "sys/fs/cgroup", path, cpus_v2));
    if (names_cpu(controllers)) cpus = lower(cpus, tightest(root / "sys/fs/cgroup/cpu", path, cpus_v1));
  }
  return cpus;
}

int thread_budget(int wish) {
  return std::max(1, lower(std::max(wish, 0), lower(affinity_cpus(), cgroup_cpus())));
}

}  // namespace tessera
