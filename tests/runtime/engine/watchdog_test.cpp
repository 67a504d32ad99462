#include "runtime/engine/watchdog.hpp"

#include <gtest/gtest.h>

#include <latch>

namespace tessera::engine {
namespace {

TEST(Watchdog, TellsOnceOfEachCallThatIsLate) {
  std::atomic<int> late = 0;
  std::latch first(1), second(2);
  Watchdog watchdog(0.002, [&] {
    ++late;
    if (late == 1) first.count_down();
    second.count_down();
  });
  watchdog.start();
  first.wait();
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  watchdog.stop();
  EXPECT_EQ(late, 1);
  watchdog.start();
  second.wait();
  watchdog.stop();
  EXPECT_EQ(late, 2);
}

TEST(Watchdog, WatchesNothingWithoutALimit) {
  Watchdog watchdog(0, [] { FAIL(); });
  watchdog.start();
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace
}  // namespace tessera::engine
