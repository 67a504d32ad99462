/// A pool of threads that runs one region of code at a time, all threads together.
///
/// Threads persist. Between regions they spin for a moment, so that the next step starts in a microsecond,
/// and then sleep: an idle pool uses no processor time. Inside a region threads meet at barriers and share
/// out tasks; who computes an element may differ from run to run, so only code whose bits do not depend on
/// that may run here.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace tessera::cpu {

class ThreadPool;

/// One thread's view of a region.
class Team {
 public:
  struct Share {
    int64_t begin, end;
  };

  int thread() const { return thread_; }  ///< 0 .. size() - 1; 0 is the caller of ThreadPool::run
  int size() const;

  /// Waits until all threads of the region are here; what they wrote before is visible after. Every thread
  /// must pass the same barriers. When a thread of the region has thrown, the others leave the region from
  /// here.
  void barrier();

  /// This thread's contiguous part of n tasks.
  Share share(int64_t n) const { return {n * thread_ / size(), n * (thread_ + 1) / size()}; }

  /// Calls f(begin, end) for ranges that cover 0 .. tasks - 1 once, spread over the team: most of it is
  /// shared out evenly and in order, the rest goes to whoever is done first, so that a slow core does not
  /// hold up the others. Begins with a barrier; the tasks of other threads are complete after the next one.
  template <class Function>
  void for_each(int64_t tasks, Function&& f) {
    barrier();
    for_each_after_barrier(tasks, f);
  }

  /// The same when the last thing the team did was a barrier. At most one between two barriers.
  template <class Function>
  void for_each_after_barrier(int64_t tasks, Function&& f) {
    const int64_t even = size() == 1 ? tasks : tasks - tasks / kTailShare;
    const Share mine = share(even);
    if (mine.begin < mine.end) f(mine.begin, mine.end);
    if (even < tasks) {
      const int64_t chunk = 1 + (tasks - even) / (kTailChunks * size());
      for (int64_t at = even + take(chunk); at < tasks; at = even + take(chunk)) {
        f(at, at + chunk < tasks ? at + chunk : tasks);
      }
    }
  }

  /// The same, but every task alone goes to whoever is free: for few long tasks of uneven cost, longest
  /// first.
  template <class Function>
  void for_each_dynamic(int64_t tasks, Function&& f) {
    barrier();
    for (int64_t at = take(1); at < tasks; at = take(1)) f(at, at + 1);
  }

 private:
  friend class ThreadPool;
  static constexpr int64_t kTailShare = 8;   // one eighth of the tasks is not assigned in advance
  static constexpr int64_t kTailChunks = 4;  // and handed out in about this many pieces a thread
  Team(ThreadPool& pool, int thread) : pool_(pool), thread_(thread) {}
  int64_t take(int64_t n);  // the next n of the tasks that are not assigned

  ThreadPool& pool_;
  int thread_;
};

class ThreadPool {
 public:
  /// `threads` >= 1, the caller of `run` included: a pool of one starts no thread..
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int size() const { return size_; }

  /// Runs f(Team&) once on every thread and returns when all are done. All threads, the caller for the time
  /// being, compute as FloatEnvironment says. The first exception of a region is rethrown here; the others
  /// are dropped. Any thread may call; regions run one after the other. Inside a region it runs f alone, on a
  /// team of one.
  template <class Function>
  void run(Function&& f) {
    using Target = std::remove_reference_t<Function>;
    run_region([](void* target, Team& team) { (*static_cast<Target*>(target))(team); },
               const_cast<void*>(static_cast<const void*>(&f)));
  }

  /// run + Team::for_each: f(begin, end) over 0 .. tasks - 1.
  template <class Function>
  void parallel_for(int64_t tasks, Function&& f) {
    run([&](Team& team) { team.for_each(tasks, f); });
  }

 private:
  friend class Team;
  using Region = void (*)(void* target, Team& team);
  struct State;

  void run_region(Region region, void* target);
  void run_alone(Region region, void* target);
  void work(int thread);
  void enter(int thread);
  void fail(std::exception_ptr error);
  void wait_for_workers();

  int size_;
  std::unique_ptr<State> state_;
  std::vector<std::thread> workers_;
};

}  // namespace tessera::cpu
