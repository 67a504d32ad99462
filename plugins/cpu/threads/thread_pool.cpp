#include "thread_pool.hpp"

#include <chrono>
#include <utility>

#include "float_environment.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tessera::cpu {
namespace {

// Long enough for the serial pieces of a step, short enough that a descheduled thread does not burn the core
// of the one that it waits for. Time, not a count: the pause instruction takes from 10 to 140 cycles.
constexpr auto kSpin = std::chrono::microseconds(50);

void pause() {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

// Waits until `value` is no longer `old`: spins, then sleeps in the kernel (futex).
void wait_while_equal(const std::atomic<uint32_t>& value, uint32_t old) {
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  do {
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old) return;
      pause();
    }
  } while (std::chrono::steady_clock::now() < deadline);
  value.wait(old, std::memory_order_acquire);
}

// Thrown at a barrier when another thread has failed; never leaves the pool.
struct RegionFailed {};

thread_local bool t_in_region = false;

}  // namespace

// Words that different threads write lie on lines of their own.
struct ThreadPool::State {
  std::mutex callers;

  alignas(64) std::atomic<uint32_t> region_number{0};  // grows by one for each region
  Region region = nullptr;                             // null: workers leave
  void* target = nullptr;

  alignas(64) std::atomic<uint32_t> running{0};  // workers that have not finished the region
  alignas(64) std::atomic<uint32_t> arrived{0};  // threads at the barrier
  alignas(64) std::atomic<uint32_t> barrier_number{0};
  alignas(64) std::atomic<int64_t> taken{0};  // tasks taken since the last barrier

  alignas(64) std::atomic<bool> failed{false};
  std::mutex error_mutex;
  std::exception_ptr error;
};

int Team::size() const {
  return pool_.size_;
}

void Team::barrier() {
  ThreadPool::State& s = *pool_.state_;
  if (pool_.size_ == 1) {
    s.taken.store(0, std::memory_order_relaxed);
    return;
  }
  const uint32_t number = s.barrier_number.load(std::memory_order_acquire);
  if (s.failed.load(std::memory_order_acquire)) throw RegionFailed();
  if (s.arrived.fetch_add(1, std::memory_order_acq_rel) + 1 == static_cast<uint32_t>(pool_.size_)) {
    s.arrived.store(0, std::memory_order_relaxed);
    s.taken.store(0, std::memory_order_relaxed);
    s.barrier_number.fetch_add(1, std::memory_order_release);
    s.barrier_number.notify_all();
    return;
  }
  wait_while_equal(s.barrier_number, number);
  if (s.failed.load(std::memory_order_acquire)) throw RegionFailed();
}

int64_t Team::take(int64_t n) {
  return pool_.state_->taken.fetch_add(n, std::memory_order_relaxed);
}

ThreadPool::ThreadPool(int threads) : size_(threads < 1 ? 1 : threads), state_(std::make_unique<State>()) {
  workers_.reserve(static_cast<size_t>(size_ - 1));
  for (int thread = 1; thread < size_; ++thread) {
    workers_.emplace_back([this, thread] { work(thread); });
  }
}

ThreadPool::~ThreadPool() {
  state_->region = nullptr;
  state_->region_number.fetch_add(1, std::memory_order_release);
  state_->region_number.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::work(int thread) {
  const FloatEnvironment environment;
  t_in_region = true;
  for (uint32_t number = 0;; ++number) {
    wait_while_equal(state_->region_number, number);
    if (state_->region == nullptr) return;
    enter(thread);
    if (state_->running.fetch_sub(1, std::memory_order_acq_rel) == 1) state_->running.notify_all();
  }
}

void ThreadPool::enter(int thread) {
  Team team(*this, thread);
  try {
    state_->region(state_->target, team);
  } catch (const RegionFailed&) {
    // The thread that failed has recorded why.
  } catch (...) {
    fail(std::current_exception());
  }
}

void ThreadPool::fail(std::exception_ptr error) {
  {
    const std::lock_guard<std::mutex> lock(state_->error_mutex);
    if (state_->error == nullptr) state_->error = std::move(error);
  }
  state_->failed.store(true, std::memory_order_release);
  // Whoever waits at a barrier leaves; whoever comes later reads `failed` after the number.
  state_->barrier_number.fetch_add(1, std::memory_order_release);
  state_->barrier_number.notify_all();
}

void ThreadPool::run_region(Region region, void* target) {
  if (t_in_region) return run_alone(region, target);
  const std::lock_guard<std::mutex> lock(state_->callers);
  const FloatEnvironment environment;
  State& s = *state_;
  s.region = region;
  s.target = target;
  s.arrived.store(0, std::memory_order_relaxed);
  s.taken.store(0, std::memory_order_relaxed);
  s.failed.store(false, std::memory_order_relaxed);
  s.error = nullptr;
  if (size_ > 1) {
    s.running.store(static_cast<uint32_t>(size_ - 1), std::memory_order_relaxed);
    s.region_number.fetch_add(1, std::memory_order_release);
    s.region_number.notify_all();
  }
  t_in_region = true;
  enter(0);
  t_in_region = false;
  wait_for_workers();
  if (s.error != nullptr) std::rethrow_exception(std::exchange(s.error, nullptr));
}

void ThreadPool::run_alone(Region region, void* target) {
  ThreadPool alone(1);
  Team team(alone, 0);
  region(target, team);
}

void ThreadPool::wait_for_workers() {
  for (uint32_t left = state_->running.load(std::memory_order_acquire); left > 0 && size_ > 1;
       left = state_->running.load(std::memory_order_acquire)) {
    wait_while_equal(state_->running, left);
  }
}

}  // namespace tessera::cpu
