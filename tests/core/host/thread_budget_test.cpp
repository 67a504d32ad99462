#include "core/host/thread_budget.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace tessera {
namespace {

namespace fs = std::filesystem;

/// The few files of /proc and /sys that say what a cgroup grants.
class FakeRoot : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(root); }
  void TearDown() override { fs::remove_all(root); }
  void write(const std::string& path, const std::string& text) {
    fs::create_directories((root / path).parent_path());
    std::ofstream(root / path) << text;
  }
  const fs::path root = fs::temp_directory_path() / ("tessera-cgroup-" + std::to_string(::getpid()));
};

TEST_F(FakeRoot, WithoutCgroupsThereIsNoLimit) {
  EXPECT_EQ(cgroup_cpus(root), 0);
}

TEST_F(FakeRoot, VersionTwoRoundsUpAndTakesTheTightestGroup) {
  write("proc/self/cgroup", "0::/user/job\n");
  write("sys/fs/cgroup/user/cpu.max", "250000 100000\n");
  write("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
  EXPECT_EQ(cgroup_cpus(root), 3);
  write("sys/fs/cgroup/user/job/cpu.max", "150000 100000\n");
  EXPECT_EQ(cgroup_cpus(root), 2);
}

TEST_F(FakeRoot, VersionOneHasItsQuotaInTwoFiles) {
  write("proc/self/cgroup", "5:memory:/job\n4:cpu,cpuacct:/job\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "400000\n");
  write("sys/fs/cgroup/cpu/job/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cgroup_cpus(root), 4);
  write("sys/fs/cgroup/cpu/job/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cgroup_cpus(root), 0);
}

TEST(ThreadBudget, IsBoundByTheMachineAndTheWish) {
  EXPECT_GE(affinity_cpus(), 1);
  EXPECT_EQ(thread_budget(1), 1);
  EXPECT_GE(thread_budget(), 1);
  EXPECT_LE(thread_budget(100000), affinity_cpus());
}

}  // namespace
}  // namespace tessera
