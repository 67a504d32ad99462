#include "core/host/thread_budget.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tessera {
namespace {

namespace fs = std::filesystem;

/// A folder with the files of /proc and /sys that a test names.
class Root {
 public:
  Root() {
    std::string name = (fs::temp_directory_path() / "tessera-thread-budget-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
  }
  ~Root() { fs::remove_all(path_); }
  Root& file(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(path_ + path).parent_path());
    std::ofstream(path_ + path) << text;
    return *this;
  }
  double quota() const { return thread_limits(path_).quota; }

 private:
  std::string path_;
};

const char* const kV2 = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const char* const kV1 =
    "30 23 0:27 / /sys/fs/cgroup/memory rw shared:5 - cgroup cgroup rw,memory\n"
    "31 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:6 - cgroup cgroup rw,cpu,cpuacct\n";

TEST(ThreadLimits, TakesTheLeastQuotaOfAllAncestors) {
  Root root;
  root.file("/proc/self/mountinfo", kV2).file("/proc/self/cgroup", "0::/a/b\n");
  root.file("/sys/fs/cgroup/a/b/cpu.max", "400000 100000\n")
      .file("/sys/fs/cgroup/a/cpu.max", "150000 100000\n");
  EXPECT_EQ(root.quota(), 1.5);
}

TEST(ThreadLimits, KnowsThatMaxIsNoLimit) {
  Root root;
  root.file("/proc/self/mountinfo", kV2).file("/proc/self/cgroup", "0::/a\n");
  root.file("/sys/fs/cgroup/a/cpu.max", "max 100000\n");
  EXPECT_EQ(root.quota(), 0.0);
}

TEST(ThreadLimits, ReadsTheFilesOfTheFirstVersion) {
  Root root;
  root.file("/proc/self/mountinfo", kV1)
      .file("/proc/self/cgroup", "4:memory:/x\n3:cpu,cpuacct:/docker/1\n0::/\n");
  root.file("/sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_quota_us", "-1\n");
  root.file("/sys/fs/cgroup/cpu,cpuacct/docker/1/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(root.quota(), 0.0);
  root.file("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_quota_us", "250000\n");
  root.file("/sys/fs/cgroup/cpu,cpuacct/docker/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(root.quota(), 2.5);
}

TEST(ThreadLimits, FindsTheGroupOfAContainerThatSeesAPartOfTheTree) {
  Root root;
  root.file("/proc/self/mountinfo", "31 23 0:28 /docker/1 /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n");
  root.file("/proc/self/cgroup", "3:cpu:/docker/1\n");
  root.file("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "100000\n");
  root.file("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "50000\n");
  EXPECT_EQ(root.quota(), 2.0);
}

TEST(ThreadLimits, SurvivesMissingAndBrokenFiles) {
  EXPECT_EQ(Root().quota(), 0.0);
  Root root;
  root.file("/proc/self/mountinfo", std::string("garbage\n\n - \n") + kV2)
      .file("/proc/self/cgroup", "::\n0::\nx");
  root.file("/sys/fs/cgroup/cpu.max", "");
  EXPECT_EQ(root.quota(), 0.0);
  root.file("/sys/fs/cgroup/cpu.max", "12 0");
  EXPECT_EQ(root.quota(), 0.0);
}

TEST(ThreadLimits, OfThisProcessAreAtLeastOne) {
  const ThreadLimits limits = thread_limits();
  EXPECT_GE(limits.affinity, 1);
  EXPECT_GE(limits.cores, 1);
  EXPECT_LE(limits.cores, limits.affinity);
}

TEST(ThreadBudget, IsTheLeastOfAllLimits) {
  EXPECT_EQ(thread_budget(0, {8, 4, 0.0}), 4);
  EXPECT_EQ(thread_budget(3, {8, 4, 0.0}), 3);
  EXPECT_EQ(thread_budget(16, {8, 4, 0.0}), 4);
  EXPECT_EQ(thread_budget(0, {2, 4, 0.0}), 2);
  EXPECT_EQ(thread_budget(0, {8, 4, 2.9}), 2);
  EXPECT_EQ(thread_budget(0, {8, 4, 0.5}), 1);
}

}  // namespace
}  // namespace tessera
