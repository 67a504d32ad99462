#include "core/host/thread_budget.hpp"

#include <fmt/core.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <string_view>
#include <vector>

namespace tessera {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return parts;
}

// The number at the start of `text`, 0 when there is none ("max").
double number(std::string_view text) {
  int64_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && value > 0 ? static_cast<double>(value) : 0.0;
}

double quota_of_files(double quota, double period) {
  return quota > 0.0 && period > 0.0 ? quota / period : 0.0;
}

// cgroup v2: "200000 100000" or "max 100000".
double quota_v2(const std::string& folder) {
  const std::string text = read_file(folder + "/cpu.max");
  const auto words = split(text, ' ');
  return words.size() == 2 ? quota_of_files(number(words[0]), number(words[1])) : 0.0;
}

double quota_v1(const std::string& folder) {
  return quota_of_files(number(read_file(folder + "/cpu.cfs_quota_us")),
                        number(read_file(folder + "/cpu.cfs_period_us")));
}

// Where a control-group hierarchy is mounted, and which of its groups lies there.
struct Mount {
  std::string point;  // empty: not mounted
  std::string group;  // "/" unless a container sees a part of the tree
};

// A line of /proc/self/mountinfo: id parent major:minor ROOT POINT options... - TYPE source SUPER_OPTIONS
Mount find_mount(const std::string& mountinfo, bool v2) {
  for (std::string_view line : split(mountinfo, '\n')) {
    const auto words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (words.size() < 7 || words.end() - dash < 4) continue;
    const bool right = v2 ? dash[1] == "cgroup2" : dash[1] == "cgroup";
    if (!right) continue;
    const auto options = split(dash[3], ',');
    if (!v2 && std::find(options.begin(), options.end(), "cpu") == options.end()) continue;
    return {std::string(words[4]), std::string(words[3])};
  }
  return {};
}

// A line of /proc/self/cgroup: "0::/path" (v2) or "3:cpu,cpuacct:/path" (v1).
std::string find_group(const std::string& cgroups, bool v2) {
  for (std::string_view line : split(cgroups, '\n')) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const auto names = split(controllers, ',');
    const bool right = v2 ? controllers.empty() : std::find(names.begin(), names.end(), "cpu") != names.end();
    if (right) return std::string(line.substr(second + 1));
  }
  return "";
}

// The least quota of the process's group and all groups above it; 0 = none.
double least_quota(const std::string& root, bool v2) {
  const Mount mount = find_mount(read_file(root + "/proc/self/mountinfo"), v2);
  if (mount.point.empty()) return 0.0;
  std::string group = find_group(read_file(root + "/proc/self/cgroup"), v2);
  if (mount.group != "/" && group.rfind(mount.group, 0) == 0) group.erase(0, mount.group.size());
  double least = 0.0;
  while (true) {
    const std::string folder = fmt::format("{}{}{}", root, mount.point, group);
    const double quota = v2 ? quota_v2(folder) : quota_v1(folder);
    if (quota > 0.0) least = least > 0.0 ? std::min(least, quota) : quota;
    if (group.empty() || group == "/") return least;
    group.erase(group.rfind('/') == std::string::npos ? 0 : group.rfind('/'));
  }
}

std::vector<int> allowed_processors() {
  std::vector<int> processors;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int i = 0; i < CPU_SETSIZE; ++i) {
      if (CPU_ISSET(i, &set)) processors.push_back(i);
    }
  }
  return processors;
}

int physical_cores(const std::string& root, const std::vector<int>& processors) {
  std::set<std::string> cores;  // named by the list of their sibling threads
  for (int i : processors) {
    const std::string topology = root + "/sys/devices/system/cpu/cpu" + std::to_string(i) + "/topology/";
    std::string siblings = read_file(topology + "thread_siblings_list");
    cores.insert(siblings.empty() ? "cpu " + std::to_string(i) : std::move(siblings));
  }
  return static_cast<int>(cores.size());
}

}  // namespace

ThreadLimits thread_limits(const std::string& root) {
  ThreadLimits limits;
  const std::vector<int> processors = allowed_processors();
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  limits.affinity =
      std::max(1, processors.empty() ? static_cast<int>(online) : static_cast<int>(processors.size()));
  limits.cores = processors.empty() ? limits.affinity : std::max(1, physical_cores(root, processors));
  const double v2 = least_quota(root, true), v1 = least_quota(root, false);
  limits.quota = v1 > 0.0 && v2 > 0.0 ? std::min(v1, v2) : std::max(v1, v2);
  return limits;
}

int thread_budget(int wish, const ThreadLimits& limits) {
  int count = std::min(limits.affinity, limits.cores);
  if (limits.quota > 0.0) count = std::min(count, static_cast<int>(limits.quota));
  if (wish > 0) count = std::min(count, wish);
  return std::max(1, count);
}

}  // namespace tessera
