#include "plugins/cpu/threads/thread_pool.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <chrono>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace tessera::cpu {
namespace {

class Pools : public testing::TestWithParam<int> {};

TEST_P(Pools, RunARegionOnceOnEveryThread) {
  ThreadPool pool(GetParam());
  std::vector<int> seen(static_cast<size_t>(pool.size()), 0);
  for (int i = 0; i < 1000; ++i) {
    pool.run([&](Team& team) { ++seen[static_cast<size_t>(team.thread())]; });
  }
  EXPECT_EQ(seen, std::vector<int>(static_cast<size_t>(GetParam()), 1000));
}

TEST_P(Pools, CoverEveryTaskOnce) {
  ThreadPool pool(GetParam());
  for (int64_t tasks : {0, 1, 2, 7, 8, 9, 100, 1000}) {
    std::vector<int> counts(static_cast<size_t>(tasks), 0), dynamic = counts;
    pool.parallel_for(tasks, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++counts[static_cast<size_t>(i)];
    });
    pool.run([&](Team& team) {
      team.for_each_dynamic(tasks, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) ++dynamic[static_cast<size_t>(i)];
      });
    });
    EXPECT_EQ(counts, std::vector<int>(static_cast<size_t>(tasks), 1));
    EXPECT_EQ(dynamic, counts);
  }
}

TEST_P(Pools, SeeAfterABarrierWhatOthersWroteBefore) {
  ThreadPool pool(GetParam());
  constexpr int kRounds = 200;
  std::vector<int> values(static_cast<size_t>(pool.size()), 0);
  std::vector<int> wrong(values.size(), 0);
  pool.run([&](Team& team) {
    const auto me = static_cast<size_t>(team.thread());
    for (int round = 1; round <= kRounds; ++round) {
      values[me] = round;
      team.barrier();
      const int sum = std::accumulate(values.begin(), values.end(), 0);
      if (sum != round * team.size()) ++wrong[me];
      team.barrier();
    }
  });
  EXPECT_EQ(std::accumulate(wrong.begin(), wrong.end(), 0), 0);
}

TEST_P(Pools, ShareLoopsBetweenBarriers) {
  ThreadPool pool(GetParam());
  std::vector<int64_t> values(100, 0);
  pool.run([&](Team& team) {
    for (int round = 0; round < 50; ++round) {
      team.for_each(100, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += i;
      });
    }
  });
  for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(values[static_cast<size_t>(i)], 50 * i);
}

TEST_P(Pools, RethrowTheErrorOfAnyThreadAndGoOn) {
  ThreadPool pool(GetParam());
  for (int thrower = 0; thrower < pool.size(); ++thrower) {
    EXPECT_THROW(pool.run([&](Team& team) {
      team.barrier();
      if (team.thread() == thrower) throw std::runtime_error("task failed");
      team.barrier();  // the others do not wait for ever
      team.barrier();
    }),
                 std::runtime_error);
    int64_t sum = 0;
    pool.run([&](Team& team) {
      team.barrier();
      if (team.thread() == 0) sum = 1;
    });
    EXPECT_EQ(sum, 1);
  }
}

TEST_P(Pools, RunARegionInsideARegionAlone) {
  ThreadPool pool(GetParam());
  std::vector<int> sizes(static_cast<size_t>(pool.size()), 0);
  pool.run([&](Team& outer) {
    pool.run([&](Team& inner) {
      inner.barrier();
      sizes[static_cast<size_t>(outer.thread())] = inner.size();
    });
  });
  EXPECT_EQ(sizes, std::vector<int>(sizes.size(), 1));
}

TEST_P(Pools, ServeSeveralCallersOneAfterTheOther) {
  ThreadPool pool(GetParam());
  int64_t value = 0;  // guarded by the pool: regions do not overlap
  const auto caller = [&] {
    for (int i = 0; i < 200; ++i) {
      pool.run([&](Team& team) {
        if (team.thread() == 0) ++value;
        team.barrier();
      });
    }
  };
  std::thread other(caller);
  caller();
  other.join();
  EXPECT_EQ(value, 400);
}

#if defined(__x86_64__)
TEST_P(Pools, FlushSubnormalsInRegionsOnly) {
  ThreadPool pool(GetParam());
  volatile float tiny = std::numeric_limits<float>::min();
  std::vector<float> halves(static_cast<size_t>(pool.size()), 1.0f);
  pool.run([&](Team& team) { halves[static_cast<size_t>(team.thread())] = tiny * 0.5f; });
  EXPECT_EQ(halves, std::vector<float>(halves.size(), 0.0f));
  EXPECT_GT(tiny * 0.5f, 0.0f);
}
#endif

INSTANTIATE_TEST_SUITE_P(Threads, Pools, testing::Values(1, 2, 3, 5));

double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

TEST(ThreadPool, UsesNoProcessorTimeWhenIdle) {
  ThreadPool pool(4);
  pool.run([](Team&) {});
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const double before = processor_seconds();
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  // Three threads that spin would use up to 0.9 s; sleeping ones use nothing, whatever the machine's load.
  EXPECT_LT(processor_seconds() - before, 0.05);
}

}  // namespace
}  // namespace tessera::cpu
