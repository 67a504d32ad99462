#include "core/artefacts/key_lock.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

#include "tessera/sdk/error.hpp"
#include "tests/temporary_folder.hpp"

namespace tessera::artefacts {
namespace {

class Lock : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_ / "architecture/model/.qpc-1.lock"; }
  std::unique_ptr<KeyLock> acquire(const Waiting& waiting = {}) {
    return KeyLock::acquire(file(), folder_.path(), waiting);
  }

  test::TemporaryFolder folder_;
};

TEST_F(Lock, IsHeldByOneAndLeavesNothing) {
  auto lock = acquire();
  EXPECT_TRUE(std::filesystem::exists(file()));
  EXPECT_EQ(KeyLock::try_acquire(file(), folder_.path()), nullptr);
  pid_t seen = 0;
  EXPECT_THROW(acquire([&](pid_t holder) {
                 seen = holder;
                 throw Error(ErrorCode::kCancelled, "no more patience");
               }),
               Error);
  EXPECT_EQ(seen, getpid());
  lock.reset();
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  EXPECT_TRUE(std::filesystem::exists(folder_.path()));
}

TEST_F(Lock, LeavesFoldersThatAreUsed) {
  auto lock = acquire();
  folder_.write("architecture/other", "");
  lock.reset();
  EXPECT_TRUE(std::filesystem::exists(folder_ / "architecture/other"));
  EXPECT_FALSE(std::filesystem::exists(file().parent_path()));
}

/// Files and folders vanish under those who wait for them; never two are inside.
TEST_F(Lock, ManyTakeTurns) {
  std::atomic<int> inside{0}, most{0}, turns{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 4; ++turn) {
        const auto lock = KeyLock::acquire(file(), folder_.path(), {});
        most = std::max(most.load(), ++inside);
        ++turns;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(most, 1);
  EXPECT_EQ(turns, 16);
}

TEST_F(Lock, OfAKilledProcessIsFree) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = KeyLock::acquire(file(), folder_.path(), {});
    if (write(ready[1], "x", 1) == 1) pause();
    _exit(1);
  }
  char byte;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  EXPECT_EQ(KeyLock::try_acquire(file(), folder_.path()), nullptr);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(std::filesystem::exists(file()));
  EXPECT_NE(acquire(), nullptr);
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
  close(ready[0]);
  close(ready[1]);
}

TEST_F(Lock, NeedsAFolder) {
  folder_.write("architecture", "a file");
  try {
    acquire();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kIo);
    EXPECT_EQ(error.key_name(), "artefact-dir");
    EXPECT_NE(error.remedy_text().find("TESSERA_ARTEFACT_DIR"), std::string::npos);
  }
}

}  // namespace
}  // namespace tessera::artefacts
